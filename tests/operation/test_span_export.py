"""Spans as a real OTLP receiver gets them; nothing at all where nobody asked."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from watched_stage import ANNA, in_shop, watched_service

from geooffer.errors import ConfigurationError
from geooffer.operation.traces import SPAN_EVERY_NS, Traces, traces_from, wanted_exporters
from geooffer.telemetry.observed import BatchObserved
from geooffer.v1.store_service_pb2 import GetCatalogStateRequest, GetStoreRequest
from geooffer.v1.store_service_pb2_grpc import StoreServiceStub

TRACE_ID, PARENT_ID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
ALLOWED_ATTRIBUTES = {
    "rpc.system", "rpc.service", "rpc.method", "rpc.grpc.status_code", "geooffer.rows", "geooffer.messages",
    "geooffer.winners", "geooffer.records", "geooffer.size_bytes",
}  # fmt: skip


class Receiver(trace_service_pb2_grpc.TraceServiceServicer):
    """Keeps every span it is sent."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.resources: list[dict[str, str]] = []
        self.may_answer = threading.Event()
        self.may_answer.set()

    def Export(self, request: Any, context: Any) -> Any:
        self.may_answer.wait(30)
        for part in request.resource_spans:
            self.resources.append({item.key: item.value.string_value for item in part.resource.attributes})
            self.spans += [span for scope in part.scope_spans for span in scope.spans]
        return trace_service_pb2.ExportTraceServiceResponse()


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    server = grpc.server(futures.ThreadPoolExecutor(2))
    kept = Receiver()
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(kept, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    # the exporter reads its own variables from the real environment
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{port}")
    yield kept
    server.stop(0).wait()


def started() -> Traces:
    traces = traces_from(os.environ)
    assert traces is not None
    return traces


def attributes(span: Any) -> dict[str, Any]:
    return {item.key: getattr(item.value, item.value.WhichOneof("value")) for item in span.attributes}


async def test_calls_batches_and_commits_arrive_without_anything_of_a_person(
    receiver: Receiver, tmp_path: Path
) -> None:
    traces = started()
    async with watched_service(tmp_path, traces) as stage:
        own = ("authorization", f"Bearer {stage.service.issue_token('operator')}")
        parent = ("traceparent", f"00-{TRACE_ID}-{PARENT_ID}-01")
        async with grpc.aio.insecure_channel(stage.service.control_address) as channel:
            stub = StoreServiceStub(channel)
            await stub.GetCatalogState(GetCatalogStateRequest(), metadata=(own, parent))
            with pytest.raises(grpc.aio.AioRpcError):
                await stub.GetStore(GetStoreRequest(store_id="anna-4711"), metadata=(own, ("traceparent", "anna-4711")))
        async with stage.client() as client:
            assert len((await client.ingest(in_shop(ANNA, 0))).offers) == 1
        records = stage.service.engine.journal.appended_record_count
    traces.close()

    spans = {span.name: span for span in receiver.spans}
    assert set(spans) == {
        "geooffer.v1.StoreService/GetCatalogState", "geooffer.v1.StoreService/GetStore", "engine.batch",
        "journal.commit",
    }  # fmt: skip
    good, bad = spans["geooffer.v1.StoreService/GetCatalogState"], spans["geooffer.v1.StoreService/GetStore"]
    assert (good.trace_id.hex(), good.parent_span_id.hex()) == (TRACE_ID, PARENT_ID)
    assert attributes(good) == {
        "rpc.system": "grpc", "rpc.service": "geooffer.v1.StoreService", "rpc.method": "GetCatalogState",
        "rpc.grpc.status_code": 0,
    }  # fmt: skip
    assert bad.parent_span_id == b""
    assert attributes(bad)["rpc.grpc.status_code"] == grpc.StatusCode.NOT_FOUND.value[0]
    assert attributes(spans["engine.batch"]) == {
        "geooffer.rows": 1, "geooffer.messages": 1, "geooffer.winners": 1
    }  # fmt: skip
    assert [event.name for event in spans["engine.batch"].events] == ["stamped", "stepped", "committed"]
    assert 0 < attributes(spans["journal.commit"])["geooffer.records"] <= records
    for span in receiver.spans:
        assert span.start_time_unix_nano <= span.end_time_unix_nano
        assert set(attributes(span)) <= ALLOWED_ATTRIBUTES
        assert b"anna" not in span.SerializeToString()
    assert receiver.resources[0]["service.name"] == "geooffer"


def test_of_many_batches_few_become_spans(receiver: Receiver) -> None:
    traces = started()
    for number in range(1, 41):
        now_ns = SPAN_EVERY_NS + number * (SPAN_EVERY_NS // 10)
        traces.batch(BatchObserved(1, 1, 0, *([now_ns] * 5)))
    traces.close()
    assert len(receiver.spans) == 4


def test_every_compaction_becomes_a_span(receiver: Receiver) -> None:
    traces = started()
    for lsn, is_good in ((7, True), (0, False)):
        traces.compaction(1_000, 2_000, lsn, is_good)
    traces.close()
    assert [(span.name, attributes(span)) for span in receiver.spans] == [
        ("journal.compaction", {"geooffer.lsn": 7, "geooffer.ok": True}),
        ("journal.compaction", {"geooffer.lsn": 0, "geooffer.ok": False}),
    ]


def test_a_collector_that_does_not_answer_holds_up_no_end(receiver: Receiver) -> None:
    traces = started()
    receiver.may_answer.clear()
    traces.compaction(1_000, 2_000, 7, True)
    traces.close(wait_max_s=0.1)
    assert receiver.spans == []  # it is asked still, and we are through
    receiver.may_answer.set()
    # else the exporter tries again amid later tests, after random waits, which those of Hypothesis do not allow
    for ending in [thread for thread in threading.enumerate() if thread.name == "traces"]:
        ending.join()
    assert receiver.spans


def test_off_imports_nothing() -> None:
    code = """
import sys
from geooffer.operation.traces import traces_from
from geooffer.operation.watched import Watched
import geooffer.cli.serve, geooffer.cli.assembly, geooffer.operation.http_port, geooffer.rpc.server
assert traces_from({}) is None
assert traces_from({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}) is None
assert traces_from({"OTEL_SDK_DISABLED": "true", "OTEL_TRACES_EXPORTER": "otlp"}) is None
watched = Watched()
assert watched.on_batch == watched.observations.batch and watched.on_commit == watched.observations.commit
sys.exit(any(name.startswith("opentelemetry") for name in sys.modules))
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("environment", "names"),
    [
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, ["otlp"]),
        ({"OTEL_TRACES_EXPORTER": "console"}, ["console"]),
        ({"OTEL_TRACES_EXPORTER": "otlp, console,otlp"}, ["otlp", "console"]),
        ({"OTEL_TRACES_EXPORTER": ""}, []),
    ],
)
def test_what_the_environment_asks_for(environment: dict[str, str], names: list[str]) -> None:
    assert wanted_exporters(environment) == names


@pytest.mark.parametrize(
    ("variable", "value"), [("OTEL_TRACES_EXPORTER", "zipkin"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")]
)
def test_what_there_is_not_is_refused(variable: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=variable):
        wanted_exporters({variable: value})
