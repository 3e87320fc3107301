"""What `geooffer replay` does on the wire: fences first, then the fixes in batches, then counting the answers."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from geooffer.cli.assembly import loopback_settings, running_service
from geooffer.cli.options import Access
from geooffer.cli.output import progress, remark
from geooffer.cli.reach import UnreachableError, check_address, reaching
from geooffer.cli.serve import compile_line
from geooffer.cli.upload import send, upload_with
from geooffer.client import Backoff, CallError, GeoofferClient
from geooffer.errors import DrainingError, InvalidArgumentError
from geooffer.importers.traces import Trace
from geooffer.model import limits, units
from geooffer.model.catalog import Customer
from geooffer.model.signals import ConsentEvent
from geooffer.model.verdicts import OfferVerdict, PingVerdict, Purpose, TransitionCause, TransitionKind
from geooffer.v1 import ping_service_pb2 as pb

if TYPE_CHECKING:
    from geooffer.cli.import_report import Report
    from geooffer.client import GeoofferControl

BATCH_ROW_COUNT = 256
ATTEMPT_COUNT_MAX = 4
"""Someone sits at the terminal: a server that is not there is told within seconds."""
NOTICE_VERSION = "replay"


@dataclass(slots=True)
class Replayed:
    """What became of a trace. `verdicts`, `transitions`, `try_counts`: name → count, only those that occurred, by
    precedence. The server tells tries to operators only.
    """

    ping_count: int = 0
    verdicts: dict[str, int] = field(default_factory=dict)
    transitions: dict[str, int] = field(default_factory=dict)
    try_counts: dict[str, int] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    offers: list[dict[str, Any]] = field(default_factory=list)
    tries: list[dict[str, Any]] = field(default_factory=list)
    """Told to operators only."""
    rejected: dict[int, PingVerdict] = field(default_factory=dict)
    """By index of the fix; every other fix was accepted."""


async def replay_embedded(trace: Trace, report: Report[Any], index: str) -> Replayed:
    """Start a server on the trace's clock, load fences, register the devices with location consent, replay."""
    if index not in ("rtree", "packed", "cells"):
        raise InvalidArgumentError("--index is rtree, packed or cells", field="index")
    first_ms = int(trace.fix_times_ms[0])
    with tempfile.TemporaryDirectory(prefix="geooffer-replay-") as state_dir:
        settings = loopback_settings(state_dir=Path(state_dir), index=index, clock_start=units.format_time_ms(first_ms))
        async with running_service(settings, on_compile=compile_line) as service:
            remark(f"embedded server: data {service.data_address}, client clock from the first fix")
            addresses = service.data_address, service.control_address
            async with _client(addresses, Access(service.issue_token("operator"))) as client:
                await _register_devices(client.control, trace, first_ms)
                return await _replay(client, trace, report)


async def replay_running(trace: Trace, report: Report[Any], addresses: tuple[str, str], access: Access) -> Replayed:
    """Replay through the server at `addresses` (data, control; control is used where there are fences)."""
    data, control = addresses
    check_address(data, "--server")
    check_address(control, "--control-server")
    where = f"{data} (fences: {control})" if report.good else data
    with reaching(where, tls=access.root_certificates is not None):
        async with _client(addresses, access) as client:
            return await _replay(client, trace, report)


def _client(addresses: tuple[str, str], access: Access) -> GeoofferClient:
    backoff = Backoff(attempt_count_max=ATTEMPT_COUNT_MAX)
    data, control = addresses
    return GeoofferClient(
        data,
        control_target=control,
        token=access.token,
        root_certificates=access.root_certificates,
        client_certificate=access.client_certificate,
        backoff=backoff,
    )


async def _register_devices(control: GeoofferControl, trace: Trace, time_ms: int) -> None:
    keys = np.unique(trace.device_keys).tolist()
    people = [Customer(f"replay-{number}", (key,)) for number, key in enumerate(keys, start=1)]
    purposes = Purpose.PRECISE_LOCATION_FOR_OFFERS.bit
    consents = [ConsentEvent(person.customer_id, purposes, True, time_ms, NOTICE_VERSION) for person in people]
    for kind, items in (("customers", people), ("consents", consents)):
        result = await send(control, kind, items)
        if result.refused:
            raise InvalidArgumentError(f"a device of the trace was refused: {result.refused[0].message}")
    remark(f"registered the trace's devices ({len(keys)}) with location consent, and nothing else")


async def _replay(client: GeoofferClient, trace: Trace, report: Report[Any]) -> Replayed:
    if report.good:
        told_before = set(report.refused)
        await upload_with(client.control, report)
        for path, refusal in report.refused:
            if (path, refusal) not in told_before:
                remark(f"refused   {path} {refusal.place}: {refusal.reason}")
    result = Replayed(ping_count=trace.fix_count)
    rejected: Counter[int] = Counter()
    kinds: Counter[int] = Counter()
    told = 0
    with progress("replay", trace.fix_count, "pings") as advance:
        try:
            async for answer in client.stream_answers(_batches(trace)):
                rejected.update(row.verdict for row in answer.rejected_rows)
                kinds.update(transition.kind for transition in answer.transitions)
                result.events += [_event(transition) for transition in answer.transitions]
                result.offers += [_offer(offer) for offer in answer.offers]
                result.tries += [_try(attempt) for attempt in answer.tries]
                result.rejected.update((_fix_index(row), PingVerdict(row.verdict)) for row in answer.rejected_rows)
                decided = min(trace.fix_count, answer.acknowledged_message_sequence * BATCH_ROW_COUNT)
                advance(decided - told)
                told = decided
        except CallError as error:
            if not told or error.code != "UNAVAILABLE":
                raise
            gone = f"the server went away after {told} of {trace.fix_count} pings"
            raise UnreachableError(error.code, gone) from None
    if told < trace.fix_count:
        raise DrainingError(f"the service ended the stream after {told} of {trace.fix_count} pings")
    verdicts = rejected + Counter({int(PingVerdict.ACCEPTED): told - rejected.total()})
    result.verdicts = {verdict.name: verdicts[verdict] for verdict in PingVerdict if verdicts[verdict]}
    result.transitions = {kind.name: kinds[kind] for kind in TransitionKind if kinds[kind]}
    outcomes = Counter(attempt["verdict"] for attempt in result.tries)
    result.try_counts = {verdict.name: outcomes[verdict.name] for verdict in OfferVerdict if outcomes[verdict.name]}
    return result


def _batches(trace: Trace) -> Iterator[pb.PingBatch]:
    """The fixes as replayed rows: each batch's base time is its first fix. The budget is the longest there is: a
    replay is not shed for being fast."""
    for first in range(0, trace.fix_count, BATCH_ROW_COUNT):
        rows = slice(first, first + BATCH_ROW_COUNT)
        base_ms = int(trace.fix_times_ms[first])
        batch = pb.PingBatch(
            device_keys=trace.device_keys[rows].tolist(),
            latitudes_e7=trace.latitudes_e7[rows].tolist(),
            longitudes_e7=trace.longitudes_e7[rows].tolist(),
            accuracies_cm=trace.accuracies_cm[rows].tolist(),
            speeds_cm_per_s=trace.speeds_cm_per_s[rows].tolist(),
            fix_offsets_millis=(trace.fix_times_ms[rows] - base_ms).tolist(),
            decision_budget_millis=limits.DECISION_BUDGET_MAX_MS,
        )
        batch.base_time.FromMilliseconds(base_ms)
        yield batch


def _fix_index(told: Any) -> int:
    """Which fix of the trace a row of an answer speaks of."""
    return (int(told.message_sequence) - 1) * BATCH_ROW_COUNT + int(told.row)


def _event(transition: pb.Transition) -> dict[str, Any]:
    return {
        "fix": _fix_index(transition) if transition.message_sequence else None,
        "kind": TransitionKind(transition.kind).name,
        "cause": TransitionCause(transition.cause).name,
        "geofence_id": transition.geofence_id,
        "event_time": units.format_time_ms(transition.event_time.ToMilliseconds()),
        "device_key": transition.device_key,
        "historical": transition.historical,
    }


def _try(attempt: pb.OfferTry) -> dict[str, Any]:
    return {
        "fix": _fix_index(attempt),
        "device_key": attempt.device_key,
        "geofence_id": attempt.geofence_id,
        "store_id": attempt.store_id,
        "offer_id": attempt.offer_id,
        "verdict": OfferVerdict(attempt.verdict).name,
    }


def _offer(offer: pb.PersonalOffer) -> dict[str, Any]:
    return {
        "fix": _fix_index(offer),
        "decision_id": offer.decision_id,
        "offer_id": offer.offer_id,
        "store_id": offer.store_id,
        "store_name": offer.store_name,
        "geofence_id": offer.geofence_id,
        "title": offer.title,
        "reason": offer.reason,
        "price_minor": offer.price_minor,
        "previous_price_minor": offer.previous_price_minor,
        "currency_code": offer.currency_code,
        "decided_time": units.format_time_ms(offer.decided_time.ToMilliseconds()),
        "device_key": offer.device_key,
    }
