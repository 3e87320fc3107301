"""A drain under load: streams that write without pause lose nothing that was read, and end UNAVAILABLE."""

from __future__ import annotations

import asyncio
import itertools
import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from geooffer.cli.assembly import RunningService, loopback_settings, running_service
from geooffer.client import Backoff, GeoofferClient, GeoofferControl, Ping, PingExchange, Streamable
from geooffer.dataplane.grpc_plane import GrpcDataPlane
from geooffer.dataplane.stream import PingStream
from geooffer.engine.shapes import circle
from geooffer.errors import DrainingError
from geooffer.model.catalog import Customer, Geofence, Store
from geooffer.model.signals import ConsentEvent
from geooffer.model.units import format_time_ms
from geooffer.model.verdicts import Purpose
from geooffer.rpc.auth import issue_token
from geooffer.rpc.keys import development_keys
from geooffer.v1 import ping_service_pb2 as pb
from planes import PYTHON, both_planes, plane_options, plane_settings, verdicts_of
from serving import STARTED, events, serving

START_MS = 1_772_528_400_000
PLACE = (47.3, 8.5)
DEVICES = range(1, 17)
BUSY_MESSAGE_COUNT = 1_000
"""Decided before the signal: every stream is in full flow."""
END_S = 10


def row_count_of(device_key: int) -> int:
    """Fixes a message: single pings from some phones, small and larger batches from the others."""
    return (1, 3, 400)[device_key % 3]


def endless_pings(device_key: int) -> Iterator[Streamable]:
    """A phone in and out of the fence, a fix a second, for ever."""
    row_count = row_count_of(device_key)
    for number in itertools.count():
        first = number * row_count
        north = 0.02 if number % 20 < 10 else 0.0
        fix = Ping(PLACE[0] + north, PLACE[1], fix_time_ms=START_MS + first * 1_000, sequence=first + 1).to_message()
        if row_count == 1:
            yield fix
            continue
        yield pb.PingBatch(
            sequences=range(first + 1, first + row_count + 1),
            latitudes_e7=[fix.latitude_e7] * row_count,
            longitudes_e7=[fix.longitude_e7] * row_count,
            base_time=fix.fix_time,
            fix_offsets_millis=range(0, row_count * 1_000, 1_000),
        )


async def register_phones(control: GeoofferControl) -> None:
    """A store with a fence, and a customer with location consent per device, over the control port."""
    place_e7 = round(PLACE[0] * 1e7), round(PLACE[1] * 1e7)
    await control.upsert_stores([Store("shop", "Shop", *place_e7, "Europe/Zurich")], partial=False)
    await control.upsert_geofences([Geofence("fence", circle(*place_e7, 10_000), store_id="shop")], partial=False)
    await control.upsert_customers([Customer(f"c{key}", (key,)) for key in DEVICES], partial=False)
    purpose = Purpose.PRECISE_LOCATION_FOR_OFFERS.bit
    consents = await control.record_consents(
        [ConsentEvent(f"c{key}", purpose, True, START_MS - 1_000, "v1") for key in DEVICES]
    )
    assert consents.accepted_count == len(DEVICES)
    await control.wait_live((await control.catalog_state()).saved_generation)


class Phones:
    """One client, connection and stream per device; each writes until the service ends its stream."""

    def __init__(self, data_address: str, token_of: Callable[[int], str]) -> None:
        # no second attempt: the first end of a stream is the one that is looked at
        once = Backoff(first_s=0.01, longest_s=0.01, attempt_count_max=0)
        self.clients = [
            GeoofferClient(data_address, token=token_of(key), backoff=once, private_connection=True) for key in DEVICES
        ]
        self.exchanges = [
            client.exchange(endless_pings(key)) for key, client in zip(DEVICES, self.clients, strict=True)
        ]
        self._ends = [asyncio.create_task(self._run(exchange)) for exchange in self.exchanges]

    @staticmethod
    async def _run(exchange: PingExchange) -> BaseException | None:
        try:
            async for answer in exchange.answers():
                assert answer.location_wanted
        except Exception as error:  # noqa: BLE001  (the end of the stream is what is tested)
            return error
        return None

    async def in_full_flow(self) -> None:
        """Return once much was decided, on every stream, and nobody has stopped."""
        while sum(self.decided()) < BUSY_MESSAGE_COUNT or not all(self.decided()):
            assert not any(task.done() for task in self._ends), [task.result() for task in self._ends if task.done()]
            await asyncio.sleep(0.01)

    def decided(self) -> list[int]:
        """Messages acknowledged, by stream."""
        return [exchange.decided_count for exchange in self.exchanges]

    async def ends(self) -> list[BaseException | None]:
        """How each stream ended."""
        async with asyncio.timeout(END_S):
            return await asyncio.gather(*self._ends)

    async def close(self) -> None:
        for task in self._ends:
            task.cancel()
        for client in self.clients:
            await client.close()


@both_planes
async def test_sigterm_amid_writing_streams_ends_them_all_and_exits_0(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plane_kind: str
) -> None:
    monkeypatch.setenv("GEOOFFER_QUOTA_DEVICE_ROWS_PER_SECOND", "0")  # or the quota ends streams before the signal
    state_dir = tmp_path / "server"
    key = development_keys(state_dir).private_key

    def token(role: str, subject: str) -> str:
        return issue_token(key, role=role, subject=subject, now_s=time.time())

    options = ("--clock", "client", "--clock-start", format_time_ms(START_MS), "--state-dir", str(state_dir))
    with serving(command, "--json", *plane_options(plane_kind), *options) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        async with AsyncExitStack() as clients:
            operator = GeoofferClient(control_target=ready["control_address"], token=token("operator", "tests"))
            await register_phones((await clients.enter_async_context(operator)).control)
            phones = Phones(ready["data_address"], lambda device: token("device", str(device)))
            clients.push_async_callback(phones.close)
            await phones.in_full_flow()
            process.send_signal(signal.SIGTERM)
            out, err = await asyncio.to_thread(_output_of, process)
            ends = await phones.ends()
    assert (process.returncode, out) == (0, "")
    assert [type(end) for end in ends] == [DrainingError] * len(DEVICES), ends
    assert events(err) == [*STARTED, "draining", "stopped"]


def _output_of(process: subprocess.Popen[str]) -> tuple[str, str]:
    return process.communicate(timeout=END_S)


@both_planes
async def test_a_drain_acknowledges_exactly_what_was_read(tmp_path: Path, plane_kind: str) -> None:
    """Every stream's last acknowledgement is the number of messages the service read of it; all of them were
    counted by the plane, and each of their fixes was given a verdict by the engine.
    """
    plane_wanted = plane_settings(plane_kind)
    settings = loopback_settings(state_dir=tmp_path, clock_start=format_time_ms(START_MS), **plane_wanted)
    async with AsyncExitStack() as clients:
        async with running_service(settings) as service:
            address, token = service.control_address, service.issue_token("operator")
            async with GeoofferClient(control_target=address, token=token) as operator:
                await register_phones(operator.control)
            phones = Phones(service.data_address, lambda device: service.issue_token("device", device_key=device))
            clients.push_async_callback(phones.close)
            await phones.in_full_flow()
            streams = _streams_by_device(service) if plane_kind == PYTHON else {}
            assert list(streams) == list(DEVICES) or plane_kind != PYTHON
            before = phones.decided()
        ends = await phones.ends()
    assert [type(end) for end in ends] == [DrainingError] * len(DEVICES), ends
    if plane_kind == PYTHON:  # the native one's streams are gone with it; below are its counts of all of them
        assert phones.decided() == [streams[key].read_count for key in DEVICES]
    assert all(after >= earlier for after, earlier in zip(phones.decided(), before, strict=True))
    acknowledged_rows = sum(row_count_of(key) * count for key, count in zip(DEVICES, phones.decided(), strict=True))
    plane, verdicts = service.plane.statistics, verdicts_of(service.engine)
    assert (plane.messages, plane.rows) == (sum(phones.decided()), acknowledged_rows)
    assert sum(verdicts.values()) == acknowledged_rows
    assert (plane.shed_rows, plane.streams) == (0, 0)


def _streams_by_device(service: RunningService) -> dict[int, PingStream]:
    """What the service itself knows of each open stream."""
    assert isinstance(service.plane, GrpcDataPlane)
    streams = service.plane._gatherer.streams.values()
    return dict(sorted((stream.sender.own_key, stream) for stream in streams))
