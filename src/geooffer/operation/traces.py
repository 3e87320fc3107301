"""OpenTelemetry spans of calls, batches, commits and compactions, where the environment asks for them.

    OTEL_TRACES_EXPORTER          otlp, console or none; by default otlp where an endpoint is named, else none
    OTEL_EXPORTER_OTLP_ENDPOINT   of the collector; the exporter reads it and its other variables itself
    OTEL_SDK_DISABLED=true        off, whatever else is said

Off costs nothing: opentelemetry is not even imported. Spans are made when the work is done, from the times its room
told, so no room knows of them. No attribute holds anything of a person: methods, codes, counts and sizes.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING

from geooffer.errors import ConfigurationError
from geooffer.telemetry.observed import BatchObserved, CallObserved, CommitObserved

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

SPAN_EVERY_NS = 100_000_000
"""Of batches and of commits at most ten spans a second each; OTEL_TRACES_SAMPLER may ask for less."""

CLOSE_WAIT_MAX_S = 5.0

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")
_KNOWN_EXPORTERS = ("otlp", "console", "none")
_SERVER_FAULTS = frozenset({"UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"})


def wanted_exporters(environment: Mapping[str, str]) -> list[str]:
    """Names of the exporters that the environment asks for. Raises ConfigurationError for what there is not."""
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return []
    implied = "otlp" if any(environment.get(name) for name in _ENDPOINTS) else "none"
    names = [name.strip() for name in (environment.get("OTEL_TRACES_EXPORTER") or implied).split(",")]
    for name in names:
        if name not in _KNOWN_EXPORTERS:
            raise ConfigurationError(f"OTEL_TRACES_EXPORTER: must be of {', '.join(_KNOWN_EXPORTERS)}")
    for variable in _PROTOCOLS:
        if environment.get(variable, "grpc") not in ("", "grpc"):
            raise ConfigurationError(f"{variable}: only grpc")
    return [name for name in dict.fromkeys(names) if name != "none"]


def traces_from(environment: Mapping[str, str]) -> Traces | None:
    """What the environment asks for; None where it asks for nothing. Raises ConfigurationError."""
    names = wanted_exporters(environment)
    if not names:
        return None
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    named = "OTEL_SERVICE_NAME" in environment or "service.name=" in environment.get("OTEL_RESOURCE_ATTRIBUTES", "")
    own = {"service.version": version("geooffer")} | ({} if named else {"service.name": "geooffer"})
    # `close` ends it, and waits no longer than it says: at the interpreter's end it would wait for a dead collector
    provider = TracerProvider(resource=Resource.create(own), shutdown_on_exit=False)
    for name in names:
        provider.add_span_processor(BatchSpanProcessor(_exporter(name)))
    return Traces(provider)


def _exporter(name: str) -> SpanExporter:
    if name == "console":
        from opentelemetry.sdk.trace.export import ConsoleSpanExporter

        # stdout is the result of the command; a span a line, as log lines are
        return ConsoleSpanExporter(out=sys.stderr, formatter=lambda span: span.to_json(indent=None) + "\n")
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter()


class Traces:
    """Hooks that turn what was observed into spans."""

    def __init__(self, provider: TracerProvider) -> None:
        from opentelemetry.trace import SpanKind, Status, StatusCode
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._provider = provider
        self._tracer = provider.get_tracer("geooffer")
        self._server_kind = SpanKind.SERVER
        self._error = Status(StatusCode.ERROR)
        self._propagator = TraceContextTextMapPropagator()
        self._latest_ns = {"batch": 0, "commit": 0}

    def call(self, observed: CallObserved) -> None:
        """One span a call, a child of the caller's where it sent a W3C trace context."""
        import grpc

        service, _, method = observed.method.lstrip("/").partition("/")
        offset_ns = _wall_offset_ns()
        span = self._tracer.start_span(
            f"{service}/{method}",
            context=self._parent(observed.trace_parent),
            kind=self._server_kind,
            start_time=observed.started_ns + offset_ns,
            attributes={
                "rpc.system": "grpc",
                "rpc.service": service,
                "rpc.method": method,
                "rpc.grpc.status_code": grpc.StatusCode[observed.code].value[0],
            },
        )
        if observed.code in _SERVER_FAULTS:
            span.set_status(self._error)
        span.end(observed.ended_ns + offset_ns)

    def batch(self, observed: BatchObserved) -> None:
        """One span of an engine batch, where one is due."""
        if not self._is_due("batch", observed.distributed_ns):
            return
        offset_ns = _wall_offset_ns()
        attributes = {
            "geooffer.rows": observed.row_count,
            "geooffer.messages": observed.message_count,
            "geooffer.winners": observed.winner_count,
        }
        start_ns, end_ns = observed.started_ns + offset_ns, observed.distributed_ns + offset_ns
        span = self._tracer.start_span("engine.batch", start_time=start_ns, attributes=attributes)
        span.add_event("stamped", timestamp=observed.stamped_ns + offset_ns)
        span.add_event("stepped", timestamp=observed.stepped_ns + offset_ns)
        span.add_event("committed", timestamp=observed.committed_ns + offset_ns)
        span.end(end_ns)

    def commit(self, observed: CommitObserved) -> None:
        """One span of a group commit, where one is due."""
        if self._is_due("commit", observed.ended_ns):
            attributes = {"geooffer.records": observed.record_count, "geooffer.size_bytes": observed.size_bytes}
            self._finished("journal.commit", observed.started_ns, observed.ended_ns, attributes)

    def compaction(self, started_ns: int, ended_ns: int, lsn: int, is_good: bool) -> None:
        """One span a compaction."""
        attributes = {"geooffer.lsn": lsn, "geooffer.ok": is_good}
        self._finished("journal.compaction", started_ns, ended_ns, attributes)

    def close(self, wait_max_s: float = CLOSE_WAIT_MAX_S) -> None:
        """Send what waits, then stop; a collector that does not answer by then loses it."""
        ending = threading.Thread(target=self._provider.shutdown, name="traces", daemon=True)
        ending.start()
        ending.join(wait_max_s)

    def _finished(self, name: str, started_ns: int, ended_ns: int, attributes: Mapping[str, int | bool]) -> None:
        offset_ns = _wall_offset_ns()
        span = self._tracer.start_span(name, start_time=started_ns + offset_ns, attributes=attributes)
        span.end(ended_ns + offset_ns)

    def _is_due(self, kind: str, ended_ns: int) -> bool:
        if ended_ns - self._latest_ns[kind] < SPAN_EVERY_NS:
            return False
        self._latest_ns[kind] = ended_ns
        return True

    def _parent(self, trace_parent: str) -> Context | None:
        return self._propagator.extract({"traceparent": trace_parent}) if trace_parent else None


def _wall_offset_ns() -> int:
    """What to add to `perf_counter_ns` to have nanoseconds since 1970."""
    return time.time_ns() - time.perf_counter_ns()
