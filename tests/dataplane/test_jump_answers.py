"""T4 on the wire: a phone is not told that a fix was not believed; who serves it is."""

from __future__ import annotations

from typing import Any

import pytest
from plane_stage import BERT, SHOP, START_MS, OpenPlane

from geooffer.model.verdicts import PingVerdict
from geooffer.rpc.checks import timestamp
from geooffer.v1 import ping_service_pb2 as pb
from geooffer.v1 import verdicts_pb2 as words

BELIEVED = 100_000_000
"""cm/s: no jump is too far."""


def way(**more: Any) -> list[pb.Ping]:
    """Far from any fence; 5 km farther ten seconds later; and back again."""
    return [
        pb.Ping(
            latitude_e7=SHOP[0] + 5_000_000 + north_e7,
            longitude_e7=SHOP[1],
            accuracy_cm=1_000,
            fix_time=timestamp(START_MS + second * 1_000),
            sequence=second + 1,
            **more,
        )
        for second, north_e7 in ((0, 0), (10, 450_000), (20, 0))
    ]


async def told(open_plane: OpenPlane, role: str, jump_cm_per_s: int) -> tuple[list[bytes], int]:
    """The answers to these three pings, and how many of them were not believed."""
    async with open_plane() as plane:
        plane.engine.policy = plane.engine.policy._replace(jump_fix_count=3, jump_cm_per_s=jump_cm_per_s)
        client = plane.client(role, BERT if role == "device" else "gw")
        pings = way() if role == "device" else way(device_key=BERT)
        answers = [(await client.ingest(ping)).SerializeToString() for ping in pings]
        await client.close()
        return answers, plane.engine.statistics.ping_verdicts[PingVerdict.SUSPECT_JUMP]


async def test_t4_a_phone_is_told_of_a_suspect_what_it_is_told_of_any_fix(open_plane: OpenPlane) -> None:
    suspected, count = await told(open_plane, "device", 7_000)
    believed, none = await told(open_plane, "device", BELIEVED)
    assert (count, none) == (1, 0)
    assert suspected == believed
    assert not any(pb.PingAnswer.FromString(answer).rejected_rows for answer in suspected)


@pytest.mark.parametrize("role", ["gateway", "operator"])
async def test_t4_who_serves_phones_sees_the_verdict(open_plane: OpenPlane, role: str) -> None:
    suspected, count = await told(open_plane, role, 7_000)
    assert count == 1
    verdicts = [[row.verdict for row in pb.PingAnswer.FromString(answer).rejected_rows] for answer in suspected]
    assert verdicts == [[], [words.PING_VERDICT_SUSPECT_JUMP], []]
