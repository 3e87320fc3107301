"""To a phone an exclusion zone and no offer are the same bytes in the same answers (privacy C6)."""

from __future__ import annotations

import time
from typing import Any

import grpc
import pytest
from plane_stage import ANNA, BERT, SHOP, START_MS, OpenPlane, Plane, told_of

from geooffer.engine.shapes import circle
from geooffer.model.exclusion import ExclusionZone, ZoneCategory
from geooffer.model.policy import DAY_MS
from geooffer.model.verdicts import PingVerdict
from geooffer.rpc.checks import timestamp
from geooffer.v1 import ping_service_pb2 as pb
from geooffer.v1 import verdicts_pb2 as words
from planes import both_planes

STREAM, INGEST = "/geooffer.v1.PingService/StreamPings", "/geooffer.v1.PingService/IngestPings"
OVER_THE_SHOP = ExclusionZone("z", ZoneCategory.CLINIC, circle(*SHOP, 1_000), 5_000)
FAR_AWAY = ExclusionZone("z", ZoneCategory.CLINIC, circle(0, 0, 1_000), 5_000)


def walk() -> list[pb.Ping]:
    """Into the shop, a repeated message, out of it, a coarse fix, and in again."""
    pings = []
    for second, north_e7, accuracy_cm in ((0, 0, 1_000), (0, 0, 1_000), (30, 40, 1_000), (120, 20_000, 1_000),
                                          (130, 20_000, 50_000), (140, 20_000, 1_000), (4_000, 0, 0)):  # fmt: skip
        pings.append(
            pb.Ping(
                latitude_e7=SHOP[0] + north_e7,
                longitude_e7=SHOP[1],
                accuracy_cm=accuracy_cm,
                fix_time=timestamp(START_MS + second * 1_000),
                sequence=second + 1,
            )
        )
    return pings


async def recorded(plane: Plane, device_key: int, zone: ExclusionZone) -> list[bytes]:
    """What a phone's stream is sent, one message after the other, and then the answer of one IngestPings."""
    plane.engine.put_nouns([zone], now_ms=START_MS)
    plane.engine.publish()
    metadata = (("authorization", f"Bearer {plane.token('device', device_key)}"),)
    told: list[bytes] = []
    async with grpc.aio.insecure_channel(plane.port.address) as channel:
        call: Any = channel.stream_stream(STREAM)(metadata=metadata)
        for sequence, ping in enumerate(walk(), 1):
            await call.write(pb.StreamPingsRequest(ping=ping).SerializeToString())
            told.append(await told_of(call, sequence))
        await call.done_writing()
        assert await call.read() is grpc.aio.EOF
        batch = pb.PingBatch(
            latitudes_e7=[SHOP[0]] * 3, longitudes_e7=[SHOP[1]] * 3, base_time=timestamp(START_MS + 9_000_000)
        )
        request = pb.IngestPingsRequest(batch=batch).SerializeToString()
        told.append(await channel.unary_unary(INGEST)(request, metadata=metadata))
    return told


@both_planes
async def test_a_phone_in_a_zone_is_sent_the_bytes_of_one_without_an_offer(open_plane: OpenPlane) -> None:
    async with open_plane() as plane:
        in_zone = await recorded(plane, ANNA, OVER_THE_SHOP)
        counted = plane.verdicts()
        assert counted[PingVerdict.EXCLUSION_ZONE] == 7
        assert not plane.engine.statistics.offers
    async with open_plane() as plane:
        without_offer = await recorded(plane, BERT, FAR_AWAY)
        assert not plane.verdicts()[PingVerdict.EXCLUSION_ZONE]
    async with open_plane() as plane:
        with_offer = await recorded(plane, ANNA, FAR_AWAY)
        assert plane.engine.statistics.offers == 1
    assert in_zone == without_offer
    assert in_zone != with_offer
    answers = [pb.StreamPingsResponse.FromString(data).answer for data in in_zone]
    assert all(answer.location_wanted for answer in answers)
    assert [row.verdict for answer in answers for row in answer.rejected_rows] == [
        words.PING_VERDICT_ACCURACY_TOO_COARSE
    ]


@both_planes
@pytest.mark.parametrize(("role", "is_told"), [("gateway", True), ("operator", True), ("device", False)])
async def test_who_sent_the_place_for_others_is_told_the_verdict_of_t6(
    open_plane: OpenPlane, role: str, is_told: bool
) -> None:
    async with open_plane() as plane:
        plane.engine.put_nouns([OVER_THE_SHOP], now_ms=START_MS)
        more: dict[str, Any] = {} if role == "device" else {"device_key_ranges": [(1, 2_000)]}
        subject = ANNA if role == "device" else "gw"
        token = plane.token(role, subject, **(more if role == "gateway" else {}))
        batch = pb.PingBatch(
            device_keys=[ANNA], latitudes_e7=[SHOP[0]], longitudes_e7=[SHOP[1]], base_time=timestamp(START_MS)
        )
        async with grpc.aio.insecure_channel(plane.port.address) as channel:
            call: Any = channel.unary_unary(INGEST)
            request = pb.IngestPingsRequest(batch=batch).SerializeToString()
            data = await call(request, metadata=(("authorization", f"Bearer {token}"),))
        answer = pb.IngestPingsResponse.FromString(data).answer
        told = [row.verdict for row in answer.rejected_rows]
        assert told == ([words.PING_VERDICT_EXCLUSION_ZONE] if is_told else [])
        assert not answer.transitions
        assert not answer.tries


async def sent_from_the_future(plane: Plane, zone: ExclusionZone, role: str) -> list[bytes]:
    """What is answered to a fix at the shop, to one of tomorrow there, and to one of tomorrow far from it, the last
    under the number of the first.
    """
    plane.engine.put_nouns([zone], now_ms=1)
    now_ms = plane.engine.clock.now_ms(time.time_ns() // 1_000_000)
    more: dict[str, Any] = {} if role == "device" else {"device_key_ranges": [(1, 2_000)]}
    metadata = (("authorization", f"Bearer {plane.token(role, BERT if role == 'device' else 'gw', **more)}"),)
    told = []
    async with grpc.aio.insecure_channel(plane.port.address) as channel:
        call: Any = channel.unary_unary(INGEST)
        for ahead_ms, north_e7, sequence in ((-1_000, 0, 5), (DAY_MS, 0, 6), (DAY_MS, 20_000, 5)):
            row = pb.PingBatch(
                device_keys=[] if role == "device" else [BERT],
                latitudes_e7=[SHOP[0] + north_e7],
                longitudes_e7=[SHOP[1]],
                sequences=[sequence],
                base_time=timestamp(now_ms + ahead_ms),
            )
            told.append(await call(pb.IngestPingsRequest(batch=row).SerializeToString(), metadata=metadata))
    return told


@both_planes
async def test_no_phone_finds_a_zone_by_fixes_from_the_future(open_plane: OpenPlane) -> None:
    """Such a row is refused to her wherever she is; what was judged first, zone or number, is nothing of hers."""
    told = {}
    for name, zone in (("in", OVER_THE_SHOP), ("out", FAR_AWAY)):
        for role in ("device", "gateway"):
            async with open_plane("system") as plane:
                told[name, role] = await sent_from_the_future(plane, zone, role)
                counted = plane.verdicts()
                assert counted[PingVerdict.EXCLUSION_ZONE] == (2 if name == "in" else 0)
                assert counted[PingVerdict.DUPLICATE] == (0 if name == "in" else 1)
    assert told["in", "device"] == told["out", "device"]
    verdicts = [
        [row.verdict for row in pb.IngestPingsResponse.FromString(data).answer.rejected_rows]
        for data in (*told["in", "device"], *told["out", "gateway"])
    ]
    future = words.PING_VERDICT_FUTURE_FIX
    assert verdicts == [[], [future], [future], [], [future], [words.PING_VERDICT_DUPLICATE]]
