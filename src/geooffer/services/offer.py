"""What an app asks and tells beside its pings; the one service of the data port that is no stream."""

from __future__ import annotations

from typing import Any, NamedTuple

from geooffer.errors import InvalidArgumentError, PermissionDeniedError
from geooffer.model import limits
from geooffer.model.kinds import OutcomeKind
from geooffer.model.wake import REGION_COUNT_DEFAULT, REGION_COUNT_MAX
from geooffer.rpc import checks, roles
from geooffer.rpc.auth import Identity, identity_of
from geooffer.rpc.convert import decode_size
from geooffer.rpc.convert_places import decode_place, encode_nearby_store, encode_region
from geooffer.rpc.quotas import Quotas
from geooffer.services.batches import apply_batch, tried
from geooffer.services.control import Control
from geooffer.services.own_consent import OwnConsent
from geooffer.v1 import offer_service_pb2 as pb
from geooffer.v1 import offer_service_pb2_grpc as rpc

NAME = "geooffer.v1.OfferService"
NEARBY_DEFAULT_COUNT = 5
Context = Any


class _Report(NamedTuple):
    decision_id: str
    kind: OutcomeKind
    time_ms: int
    device_key: int | None
    """Whose decisions may be named; None = anybody's."""


class OfferService(rpc.OfferServiceServicer):
    """Outcomes, nearby stock, her own consent; the fields and rules are in proto/geooffer/v1/offer_service.proto."""

    def __init__(self, control: Control, quotas: Quotas) -> None:
        """`quotas`: how much stock a person's devices may ask for in a day, and how often one lists regions."""
        self._control = control
        self._quotas = quotas
        self._own_consent = OwnConsent(control)

    async def ReportOutcomes(self, request: pb.ReportOutcomesRequest, context: Context) -> pb.ReportOutcomesResponse:
        identity = identity_of(context)
        checks.row_count(len(request.outcomes), "outcomes", high=limits.OUTCOME_REPORT_COUNT_MAX)
        for report in request.outcomes:
            _check_device(report.device_key, identity, "outcomes.device_key")

        def put(reports: list[_Report]) -> Any:
            return [tried(self._report, report) for report in reports]

        def decode(report: pb.OutcomeReport) -> _Report:
            return _decode_report(report, identity)

        result = await apply_batch(request.outcomes, "outcomes", decode, put, partial=True)
        return pb.ReportOutcomesResponse(accepted_count=result.accepted_count, problems=result.problems)

    async def FindNearbyStock(self, request: pb.FindNearbyStockRequest, context: Context) -> pb.FindNearbyStockResponse:
        self._take_search(identity_of(context))
        checks.present(request, "place")
        found = self._control.engine.find_nearby_stock(
            checks.identifier(request.product_id, "product_id"),
            decode_size(request.size) if request.HasField("size") else None,
            decode_place(request.place, "place"),
            self._control.now_ms(),
            checks.integer(request.limit_count, 0, limits.NEARBY_STORE_COUNT_MAX, "limit_count")
            or NEARBY_DEFAULT_COUNT,
        )
        return pb.FindNearbyStockResponse(stores=[encode_nearby_store(nearby) for nearby in found])

    async def ListWakeRegions(self, request: pb.ListWakeRegionsRequest, context: Context) -> pb.ListWakeRegionsResponse:
        checks.present(request, "place")
        place = decode_place(request.place, "place")
        count_max = checks.integer(request.region_count_max, 0, REGION_COUNT_MAX, "region_count_max")
        identity = identity_of(context)
        _check_device(request.device_key, identity, "device_key")
        self._quotas.take_region_list(identity)
        engine = self._control.engine
        device_key = identity.device_key or request.device_key
        wanted = not device_key or engine.location_wanted_now(device_key, self._control.now_ms())
        answer = pb.ListWakeRegionsResponse(
            location_wanted=wanted,
            catalog_generation=engine.live_generation,
            fences_generation=engine.live_fences_generation,
        )
        if wanted:
            found = engine.wake_regions(*place, count_max or REGION_COUNT_DEFAULT)
            answer.validity_radius_m = found.validity_radius_m
            answer.regions.extend(encode_region(region) for region in found.regions)
        return answer

    async def WithdrawOwnConsent(
        self, request: pb.WithdrawOwnConsentRequest, context: Context
    ) -> pb.WithdrawOwnConsentResponse:
        return await self._own_consent.withdraw(request, context)

    async def SnoozeLocation(self, request: pb.SnoozeLocationRequest, context: Context) -> pb.SnoozeLocationResponse:
        return await self._own_consent.snooze(request, context)

    def _take_search(self, identity: Identity) -> None:
        """Before anything is looked up: who walks a grid, or tries product ids out, is stopped by the day."""
        if identity.device_key is not None:
            person = self._control.engine.person_of_device(identity.device_key)
            self._quotas.take_search(identity, "" if person is None else str(person))

    def _report(self, report: _Report) -> None:
        self._control.engine.report_outcome(
            report.decision_id,
            report.kind,
            time_ms=report.time_ms,
            now_ms=self._control.now_of_ms([report.time_ms]),
            device_key=report.device_key,
        )


def _check_device(key: int, identity: Identity, field: str) -> None:
    """Raise PermissionDeniedError for a device the token does not cover, as pings do."""
    if identity.role == roles.DEVICE:
        if key not in (0, identity.device_key):
            raise PermissionDeniedError("the token is of another device", field=field)
    elif key and not any(low <= key <= high for low, high in identity.device_key_ranges.tolist()):
        raise PermissionDeniedError("the token does not cover this device", field=field)


def _decode_report(report: pb.OutcomeReport, identity: Identity) -> _Report:
    key = identity.device_key or report.device_key or None
    if key is None and identity.role != roles.OPERATOR:
        raise InvalidArgumentError("a gateway names the device of each report", field="device_key")
    kind = OutcomeKind(checks.integer(report.kind, min(OutcomeKind), max(OutcomeKind), "kind"))
    if kind is OutcomeKind.FAILED and identity.role == roles.DEVICE:
        # it knows the decision, so it has it: her caps are not hers to give back (semantics D3)
        raise InvalidArgumentError("a phone that names a decision has received it", field="kind")
    return _Report(
        checks.identifier(report.decision_id, "decision_id"),
        kind,
        checks.time_ms(report, "event_time"),
        key,
    )
