"""S14: in the background a phone gives few fixes. It follows hints and regions over gRPC and still gets its offer.

The place and the walk are made up. The silent twins: a phone in an exclusion zone, one without consent, one whose
consent is withdrawn on the way: each is told what everybody is told, or nothing at all.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from running_shoes import LATITUDE, LONGITUDE, METRE_EAST, NOW_MS, PHONE, STANDING_PURPOSES, running_shoes_world
from scenario_stage import Stage

from geooffer.client import CallError, Ping, SleepingPhone
from geooffer.client.pacer import Reason
from geooffer.engine.shapes import circle
from geooffer.model.exclusion import ExclusionZone, ZoneCategory
from geooffer.v1 import ping_service_pb2 as pb
from planes import both_planes

pytestmark = both_planes

S14 = running_shoes_world()
PAGE = Path(__file__).parents[2] / "docs" / "sleeping-phone.md"
STEP_M, STEP_MS, STEP_COUNT = 6.5, 5_000, 600


def way(step: int) -> Ping:
    """Step by step from 1,800 m west of the branch through it to 2,100 m east; 2 min inside at its middle."""
    middle = round(1_800 / STEP_M)
    walked = step if step < middle else max(middle, step - 24)
    east_m = walked * STEP_M - 1_800
    return Ping(
        LATITUDE,
        LONGITUDE + east_m * METRE_EAST,
        accuracy_m=8.0,
        fix_time_ms=NOW_MS + step * STEP_MS,
        sequence=step + 1,
        session_id=1,
    )


async def walked(phone: SleepingPhone, steps: range = range(STEP_COUNT)) -> list[pb.PingAnswer]:
    """The answers of what the phone sent."""
    answers = [await phone.take(way(step)) for step in steps]
    return [answer for answer in answers if answer is not None]


async def test_she_gets_her_offer_with_a_tenth_of_the_pings(stage: Stage) -> None:
    await stage.set_up(S14)
    phone = SleepingPhone(stage.phone(PHONE), region_count_max=19)
    answers = await walked(phone)
    offers = [offer for answer in answers for offer in answer.offers]
    assert [offer.offer_id for offer in offers] == ["spring-run"]
    # decided at the first fix inside the fence of 40 m, as with every fix sent
    first_inside = next(step for step in range(STEP_COUNT) if step * STEP_M - 1_800 >= -20)
    assert offers[0].decided_time.ToMilliseconds() == NOW_MS + first_inside * STEP_MS
    assert (phone.sent_count + phone.asked_count) * 10 <= STEP_COUNT


async def test_hints_alone_are_enough(stage: Stage) -> None:
    await stage.set_up(S14)
    phone = SleepingPhone(stage.phone(PHONE), watches=False)
    answers = await walked(phone)
    assert [offer.offer_id for answer in answers for offer in answer.offers] == ["spring-run"]
    assert phone.asked_count == 0
    assert phone.sent_count * 10 <= STEP_COUNT


async def test_in_an_exclusion_zone_the_phone_sleeps_the_same_and_is_told_the_same(stage: Stage) -> None:
    """The twin phone lives where nothing may be used; it sends the same fixes and gets the same hints, and no offer."""
    await stage.set_up(replace(S14, touchpoints=()))
    outside = SleepingPhone(stage.phone(PHONE))
    free = await walked(outside)
    zone = ExclusionZone("z", ZoneCategory.CLINIC, circle(round(LATITUDE * 1e7), round(LONGITUDE * 1e7), 300_000), 0)
    stage.service.engine.put_nouns([zone], now_ms=NOW_MS)
    twin = SleepingPhone(stage.phone(PHONE))
    excluded = await walked(twin)
    for answer in (*free, *excluded):
        answer.catalog_generation = 0
    assert [answer.SerializeToString() for answer in excluded] == [answer.SerializeToString() for answer in free]
    assert twin.sent_count == outside.sent_count


async def test_who_consented_to_nothing_is_asked_to_stop_at_the_first_ping(stage: Stage) -> None:
    await stage.set_up(replace(S14, purposes=(), touchpoints=()))
    phone = SleepingPhone(stage.phone(PHONE))
    answers = await walked(phone)
    assert [answer.location_wanted for answer in answers] == [False]
    assert (phone.sent_count, phone.asked_count) == (1, 0)


async def test_who_withdraws_on_the_way_is_not_heard_again(stage: Stage) -> None:
    await stage.set_up(S14)
    phone = SleepingPhone(stage.phone(PHONE), watches=False)
    assert await walked(phone, range(100))
    await stage.withdraw("anna", STANDING_PURPOSES)
    answers = await walked(phone, range(100, STEP_COUNT))
    assert [answer.location_wanted for answer in answers] == [False]
    assert not any(answer.offers for answer in answers)


async def test_what_was_collected_without_a_network_goes_as_one_batch(stage: Stage) -> None:
    """The useful fixes of the time without a network move presence in her order; the last one brings the offer."""
    await stage.set_up(S14)
    near = stage.phone(PHONE)
    phone = SleepingPhone(near, watches=False)
    inside = round(1_800 / STEP_M)
    await walked(phone, range(inside - 40))
    held, near.ingest = near.ingest, unreachable  # type: ignore[method-assign]
    assert await walked(phone, range(inside - 40, inside)) == []
    assert phone.waiting_count > 5
    near.ingest = held  # type: ignore[method-assign]
    answers = await walked(phone, range(inside, inside + 1))
    assert [offer.offer_id for answer in answers for offer in answer.offers] == ["spring-run"]
    assert phone.waiting_count == 0
    assert len(answers[0].next_pings) == 1


async def unreachable(item: object) -> pb.PingAnswer:
    raise CallError("UNAVAILABLE", "no network")


async def test_t4_what_looks_like_a_jump_goes_with_the_fix_before(stage: Stage) -> None:
    """Asleep for a minute, then 400 m off in a second: the service judges that by the fix before, so it gets both."""
    await stage.set_up(S14)
    near = stage.phone(PHONE)
    phone = SleepingPhone(near, watches=False)
    await walked(phone, range(60))
    sent = phone.sent_count
    far = replace(way(60), longitude=way(60).longitude + 400 * METRE_EAST, fix_time_ms=NOW_MS + 59 * STEP_MS + 1_000)
    assert phone.reason is None
    assert await phone.take(far) is not None
    assert phone.reason is Reason.JUMP
    assert phone.sent_count == sent + 2


async def test_the_example_of_the_page_works(stage: Stage) -> None:
    """docs/sleeping-phone.md: what it shows is run as it stands."""
    (block,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    names: dict[str, Any] = {}
    exec(block, names)
    await stage.set_up(S14)
    client = stage.phone(PHONE)
    titles = await names["background"](client, [way(step) for step in range(STEP_COUNT)])
    assert titles == [dict(S14.products[0].titles)["en"]]
