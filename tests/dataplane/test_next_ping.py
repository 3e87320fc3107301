"""Hints of the next ping on the wire: who asks is told, by the row alone; nobody learns of zones or consents."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from plane_stage import ANNA, BERT, NOBODY, SHOP, START_MS, OpenPlane, Plane, told_of
from test_exclusion_answers import FAR_AWAY, INGEST, OVER_THE_SHOP, STREAM, walk

from geooffer.client import Ping
from geooffer.dataplane import native_answers
from geooffer.engine.engine import Engine
from geooffer.engine.hints import HINT_EDGE_COUNT_MAX
from geooffer.engine.shapes import circle
from geooffer.model import limits
from geooffer.model.exclusion import ExclusionZone, ZoneCategory
from geooffer.model.verdicts import PingVerdict
from geooffer.rpc.checks import timestamp
from geooffer.v1 import ping_service_pb2 as pb
from geooffer.v1 import verdicts_pb2 as words
from planes import both_planes, native_plane

HINT_ROW_COUNT_MAX = HINT_EDGE_COUNT_MAX // limits.FENCE_VERTEX_COUNT_MAX
OF_EVERYTHING = ExclusionZone("z", ZoneCategory.CLINIC, circle(SHOP[0], SHOP[1], 2_000_000), 5_000)


def asking(ping: pb.Ping) -> pb.Ping:
    ping.wants_next_ping = True
    return ping


def far(second: int, north_m: float, **more: Any) -> pb.Ping:
    north_e7 = round(north_m / 0.011119508)
    return pb.Ping(
        latitude_e7=SHOP[0] + north_e7,
        longitude_e7=SHOP[1],
        accuracy_cm=1_000,
        fix_time=timestamp(START_MS + second * 1_000),
        **more,
    )


def know_fences(plane: Plane) -> None:
    """What hints need of them, which is worked out within 50 ms of a publication."""
    plane.engine.bounds_of_fences()
    with plane.engine.lock:
        pass


async def recorded(plane: Plane, device_key: int, zone: ExclusionZone) -> list[bytes]:
    """What a phone that asks is sent: a walk with a repeated row, one out of order, and a batch at the end."""
    plane.engine.put_nouns([zone], now_ms=START_MS)
    plane.engine.publish()
    know_fences(plane)
    metadata = (("authorization", f"Bearer {plane.token('device', device_key)}"),)
    told: list[bytes] = []
    async with grpc.aio.insecure_channel(plane.port.address) as channel:
        call: Any = channel.stream_stream(STREAM)(metadata=metadata)
        pings = [*walk()[1:], far(1, 700), far(5_000, 900, sequence=3), far(5_001, 900, speed_cm_per_s=400)]
        for sequence, ping in enumerate(pings, 1):
            await call.write(pb.StreamPingsRequest(ping=asking(ping)).SerializeToString())
            told.append(await told_of(call, sequence))
            if not told[-1]:
                return told[:-1]
        await call.done_writing()
        assert await call.read() is grpc.aio.EOF
        batch = pb.PingBatch(
            latitudes_e7=[SHOP[0] + 10_000 * row for row in range(3)],
            longitudes_e7=[SHOP[1]] * 3,
            accuracies_cm=[1_000, 1_000, 50_000],
            base_time=timestamp(START_MS + 9_000_000),
            fix_offsets_millis=[0, 1_000, 2_000],
            wants_next_ping=True,
        )
        request = pb.IngestPingsRequest(batch=batch).SerializeToString()
        told.append(await channel.unary_unary(INGEST)(request, metadata=metadata))
    return told


@both_planes
async def test_a_hint_in_an_exclusion_zone_is_the_bytes_of_one_outside(open_plane: OpenPlane) -> None:
    told = {}
    for zone in (FAR_AWAY, OVER_THE_SHOP, OF_EVERYTHING):
        async with open_plane() as plane:
            told[zone] = await recorded(plane, BERT, zone)
            excluded = plane.verdicts()[PingVerdict.EXCLUSION_ZONE]
            assert excluded == {FAR_AWAY: 0, OVER_THE_SHOP: 4, OF_EVERYTHING: 10}[zone]
    assert told[FAR_AWAY] == told[OVER_THE_SHOP] == told[OF_EVERYTHING]
    answers = [pb.StreamPingsResponse.FromString(data).answer for data in told[FAR_AWAY]]
    # the walk's coarse row (its fourth) explains itself; every other row is answered with one hint
    assert [len(answer.next_pings) for answer in answers] == [1, 1, 1, 0, 1, 1, 1, 1, 1, 1]
    assert [hint.row for hint in answers[-1].next_pings] == [1]
    assert answers[0].next_pings[0].dwell_millis == [60_000]
    assert answers[-2].next_pings[0].distance_m == pytest.approx(800, abs=2)
    assert answers[-2].next_pings[0].speed_cm_per_s == 600


@both_planes
async def test_a_hint_says_nothing_of_consent_or_of_what_became_of_the_row(open_plane: OpenPlane) -> None:
    """Without consent the first answer says so, and its hint is that of everybody else; so is a duplicate's."""
    hints = {}
    for device_key in (ANNA, BERT, NOBODY, 999):
        async with open_plane() as plane:
            client = plane.client("device", device_key)
            twice = [far(10, 500, sequence=4, wants_next_ping=True), far(10, 500, sequence=4, wants_next_ping=True)]
            answers = [await client.ingest(ping) for ping in twice]
            await client.close()
            hints[device_key] = [answer.next_pings[0] for answer in answers]
            assert [answer.location_wanted for answer in answers] == [device_key in (ANNA, BERT)] * 2
    assert len({hint.SerializeToString() for both in hints.values() for hint in both}) == 1


@both_planes
async def test_an_offer_comes_with_the_hint_of_its_ping(open_plane: OpenPlane) -> None:
    async with open_plane() as plane:
        told = await recorded(plane, ANNA, FAR_AWAY)
        assert plane.engine.statistics.offers == 1
    answers = [pb.StreamPingsResponse.FromString(data).answer for data in told]
    assert [len(answer.offers) for answer in answers[:2]] == [1, 0]
    assert len(answers[0].next_pings) == 1


@native_plane
async def test_a_worker_makes_hints_itself_and_python_those_of_messages_that_wait(
    open_plane: OpenPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With an offer, of more devices than are told for certain, and where the fences are not known yet."""
    made: list[int] = []
    of_python = native_answers._next_pings

    def counted(batch: Any, message: Any, engine: Any) -> list[pb.NextPing]:
        made.append(message.message_sequence)
        return of_python(batch, message, engine)

    monkeypatch.setattr(native_answers, "_next_pings", counted)
    async with open_plane() as plane:
        await recorded(plane, BERT, FAR_AWAY)
        assert made == []
        await recorded(plane, ANNA, FAR_AWAY)
        assert made == [1], "her offer came with the first"
        gateway = plane.client("gateway", device_key_ranges=[(1, 2_000)])
        for count in (HINT_ROW_COUNT_MAX, HINT_ROW_COUNT_MAX + 1):
            made.clear()
            crowd = pb.PingBatch(
                device_keys=range(1, count + 1),
                latitudes_e7=[SHOP[0]] * count,
                longitudes_e7=[SHOP[1]] * count,
                base_time=timestamp(START_MS + 10_000_000),
                wants_next_ping=True,
            )
            answer = await gateway.ingest(crowd)
            assert [hint.row for hint in answer.next_pings] == list(range(count))
            assert made == [1] * (count > HINT_ROW_COUNT_MAX)
        await gateway.close()
        made.clear()
        with monkeypatch.context() as patch:
            patch.setattr(Engine, "known_bounds", None)
            with plane.engine.lock:
                pass
            client = plane.client("device", BERT)
            answer = await client.ingest(asking(far(20_000, 500)))
            await client.close()
        assert len(answer.next_pings) == 1
        assert made == [1]


@both_planes
async def test_who_does_not_ask_is_told_nothing(open_plane: OpenPlane) -> None:
    async with open_plane() as plane:
        client = plane.client("device", BERT)
        answer = await client.ingest(far(1, 500))
        await client.close()
        assert not answer.next_pings


@both_planes
async def test_a_gateway_is_told_of_each_device_by_its_last_good_row(open_plane: OpenPlane) -> None:
    batch = pb.PingBatch(
        device_keys=[ANNA, BERT, ANNA, BERT, NOBODY, 5],
        latitudes_e7=[SHOP[0], SHOP[0], SHOP[0] + 90_000, 950_000_000, SHOP[0], SHOP[0]],
        longitudes_e7=[SHOP[1]] * 6,
        accuracies_cm=[1_000, 1_000, 1_000, 1_000, 1_000, 20_000],
        base_time=timestamp(START_MS),
        fix_offsets_millis=[0, 0, 5_000, 5_000, 0, 0],
        wants_next_ping=True,
    )
    async with open_plane() as plane:
        client = plane.client("gateway", device_key_ranges=[(1, 2_000)])
        answer = await client.ingest(batch)
        await client.close()
    told = [(hint.message_sequence, hint.row, bool(hint.dwell_millis)) for hint in answer.next_pings]
    assert told == [(1, 1, True), (1, 2, False), (1, 4, True)]
    assert answer.next_pings[1].distance_m == pytest.approx(900, abs=2)


@both_planes
async def test_a_sleeping_phones_burst_moves_presence_and_is_answered_with_one_hint(open_plane: OpenPlane) -> None:
    """Fixes collected while asleep: rows in her order, older than a minute, so historical; the last one is live."""
    async with open_plane("system") as plane:
        gateway = plane.client("gateway", device_key_ranges=[(1, 2_000)])
        batch = pb.PingBatch(
            device_keys=[ANNA] * 4,
            sequences=[1, 2, 3, 4],
            latitudes_e7=[SHOP[0] + 90_000, SHOP[0], SHOP[0], SHOP[0] + 30],
            longitudes_e7=[SHOP[1]] * 4,
            accuracies_cm=[1_000] * 4,
            fix_ages_millis=[400_000, 300_000, 200_000, 2_000],
            decision_budget_millis=10_000,
            wants_next_ping=True,
        )
        answer = await gateway.ingest(batch)
        await gateway.close()
        told = [(item.kind, item.historical, item.row) for item in answer.transitions]
        assert told == [(words.TRANSITION_KIND_ENTER, True, 1), (words.TRANSITION_KIND_DWELL, True, 2)]
        assert [offer.row for offer in answer.offers] == [3]
        assert [hint.row for hint in answer.next_pings] == [3]
        assert not answer.rejected_rows


def test_the_client_asks_for_hints() -> None:
    assert Ping(47.0, 8.0, wants_next_ping=True).to_message().wants_next_ping
    assert not Ping(47.0, 8.0).to_message().wants_next_ping
