"""One fence after the other is created, moved, removed around a device that stands still and asks without pause.

A change is in force for it at the first answer decided by the generation the call returned, or a later one; and that
answer, or the next where two fixes outside are needed (semantics P2), must tell what the change means: an ENTER of the
fence, or its EXIT.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, NamedTuple

import grpc

from geooffer.bench.catalog_world import PROBE_LATITUDE_E7, PROBE_LONGITUDE_E7, PROBE_RADIUS_CM, further_fence
from geooffer.bench.load import answer_of
from geooffer.client import GeoofferClient
from geooffer.model.catalog import Geofence
from geooffer.model.shapes import Circle
from geooffer.rpc.convert import encode_geofence
from geooffer.v1 import ping_service_pb2 as ping_pb
from geooffer.v1 import store_service_pb2 as pb
from geooffer.v1.store_service_pb2_grpc import StoreServiceStub
from geooffer.v1.verdicts_pb2 import TRANSITION_KIND_ENTER, TRANSITION_KIND_EXIT

PROBE_PAUSE_S = 0.002
"""Two fixes of one millisecond are one (semantics T2)."""
CALL_TIMEOUT_S = 30.0
PATIENCE_S = 5.0
KINDS = ("create", "move away", "move back", "remove")
EXPECTED = {"create": TRANSITION_KIND_ENTER, "move back": TRANSITION_KIND_ENTER}
"""What the device is told; else EXIT."""
AWAY_E7 = 100_000


class Probe(NamedTuple):
    """One ping of the device that stands still, on the clock of time.perf_counter."""

    sent_s: float
    received_s: float
    generation: int
    transitions: tuple[tuple[int, str], ...]
    """Kind and fence."""


@dataclass(frozen=True, slots=True)
class Change:
    """One call and what the device saw of it."""

    kind: str
    called_s: float
    saved_s: float
    in_force_s: float
    """When the first answer was received that was decided by it."""
    is_right: bool
    """Whether that answer, or the next, told the transition."""


class Prober:
    """The device: a gateway's stream of its own, one ping in flight."""

    def __init__(self, call: Any, device_key: int) -> None:
        self._call = call
        self.probes: list[Probe] = []
        self._message = ping_pb.StreamPingsRequest(
            batch=ping_pb.PingBatch(
                device_keys=[device_key],
                latitudes_e7=[PROBE_LATITUDE_E7],
                longitudes_e7=[PROBE_LONGITUDE_E7],
                accuracies_cm=[500],
            )
        ).SerializeToString()

    async def run(self) -> None:
        """For ever."""
        while True:
            sent_s = time.perf_counter()
            await self._call.write(self._message)
            answer = await answer_of(self._call)
            told = tuple((item.kind, item.geofence_id) for item in answer.transitions)
            self.probes.append(Probe(sent_s, time.perf_counter(), answer.catalog_generation, told))
            await asyncio.sleep(PROBE_PAUSE_S)


class Caller:
    """Changes fences, one at a time."""

    def __init__(self, channel: Any, token: str, prober: Prober) -> None:
        self._stores: Any = StoreServiceStub(channel)  # type: ignore[no-untyped-call]
        self._metadata = (("authorization", f"Bearer {token}"),)
        self._prober = prober

    async def round(self, number: int) -> list[Change]:
        """One fence, created around the device, moved away and back, removed."""
        fence_id = f"probe-{number}"
        here = Geofence(fence_id, Circle(PROBE_LATITUDE_E7, PROBE_LONGITUDE_E7, PROBE_RADIUS_CM))
        away = Geofence(fence_id, Circle(PROBE_LATITUDE_E7 + AWAY_E7, PROBE_LONGITUDE_E7, PROBE_RADIUS_CM))
        requests: list[tuple[str, Any, Any]] = [
            ("create", self._stores.CreateGeofence, pb.CreateGeofenceRequest(geofence=encode_geofence(here))),
            ("move away", self._stores.UpdateGeofence, _update(away)),
            ("move back", self._stores.UpdateGeofence, _update(here)),
            ("remove", self._stores.DeleteGeofence, pb.DeleteGeofenceRequest(geofence_id=fence_id)),
        ]
        return [await self._change(kind, method, request, fence_id) for kind, method, request in requests]

    async def shift(self, number: int, north_e7: int) -> None:
        """Move one of the other fences a little, so that the delta grows."""
        await self._call(self._stores.UpdateGeofence, _update(further_fence(number, north_e7)))

    async def state(self) -> pb.GetCatalogStateResponse:
        """As an operator sees it."""
        answer: pb.GetCatalogStateResponse = await self._call(self._stores.GetCatalogState, pb.GetCatalogStateRequest())
        return answer

    async def _call(self, method: Any, request: Any) -> Any:
        return await method(request, metadata=self._metadata, timeout=CALL_TIMEOUT_S)

    async def _change(self, kind: str, method: Any, request: Any, fence_id: str) -> Change:
        probes = self._prober.probes
        first = len(probes)
        called_s = time.perf_counter()
        answer = await self._call(method, request)
        saved_s = time.perf_counter()
        wanted = (EXPECTED.get(kind, TRANSITION_KIND_EXIT), fence_id)
        async with asyncio.timeout(PATIENCE_S):
            while not (decided := [probe for probe in probes[first:] if probe.generation >= answer.catalog_generation]):
                await asyncio.sleep(PROBE_PAUSE_S)
            while len(probes) < first + 2 or probes[-2].generation < answer.catalog_generation:
                await asyncio.sleep(PROBE_PAUSE_S)
        after = [probe for probe in probes[first:] if probe.generation >= answer.catalog_generation]
        told = [item for probe in after[:2] for item in probe.transitions]
        return Change(kind, called_s, saved_s, decided[0].received_s, wanted in told)


def _update(geofence: Geofence) -> pb.UpdateGeofenceRequest:
    request = pb.UpdateGeofenceRequest(geofence=encode_geofence(geofence))
    request.update_mask.paths.append("shape")
    return request


async def calling(
    ending: AsyncExitStack, data_address: str, control_address: str, tokens: tuple[str, str], device_key: int
) -> tuple[Caller, Prober]:
    """Connections that end with `ending`. tokens: of a gateway that speaks for the device, and of an operator."""
    client = GeoofferClient(data_address, token=tokens[0], private_connection=True)
    await ending.enter_async_context(client)
    channel = await ending.enter_async_context(grpc.aio.insecure_channel(control_address))
    prober = Prober(client.open_call(), device_key)
    return Caller(channel, tokens[1], prober), prober
