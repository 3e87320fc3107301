"""Gate 2: SIGKILL at any moment; whatever was acknowledged is there once, and no cap is exceeded."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from audit_judge import judge_audit
from fault_town import LIMITED_BUDGET_COUNT
from kills import Killing, run
from servers import WarmStarter

from geooffer.model.policy import DAY_MS, HOUR_MS
from planes import both_planes
from recount import Given, over_caps

MINUTE_MS = 60_000
CONTROL_KILL_COUNT = 12
"""The control was never seen to live through more than four."""


@both_planes
async def test_nothing_that_was_acknowledged_is_lost_or_doubled_by_kills(starter: WarmStarter, tmp_path: Path) -> None:
    report = await run(starter, tmp_path, seed=1, kill_count=4)
    assert report.faults == []
    assert report.acknowledged_count > 0
    assert report.offer_count > 0


async def test_nor_by_kills_amid_the_writing_of_snapshots(starter: WarmStarter, tmp_path: Path) -> None:
    """Whether a kill of five meets one is up to the machine; of the two hundred of `make faults` half do."""
    report = await run(starter, tmp_path, seed=2, kill_count=5, plants={"compact often": 100})
    assert report.faults == []
    assert report.acknowledged_count > 0


async def test_the_control_that_acknowledges_before_it_commits_is_found_out(
    starter: WarmStarter, tmp_path: Path
) -> None:
    plants = {"acknowledge early": None}
    report = await run(starter, tmp_path, seed=1, kill_count=CONTROL_KILL_COUNT, plants=plants, until_fault=True)
    assert report.faults


async def test_the_control_of_the_audit_log_misses_a_commit_that_is_not_told(
    starter: WarmStarter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killing = Killing(starter, tmp_path / "state", 3, {})
    await killing.build()
    server = killing._start()
    await server.ready()
    until = asyncio.get_running_loop().time() + 60.0
    while not _has_told(killing.state_dir, b'"admin"') and asyncio.get_running_loop().time() < until:
        await asyncio.sleep(0.1)
    server.kill()
    assert judge_audit(killing.state_dir) == []
    monkeypatch.setattr("audit_judge.SEAL", "admin")  # as if those had not been told
    assert any("is due" in fault for fault in judge_audit(killing.state_dir))


def _has_told(state_dir: Path, mark: bytes) -> bool:
    return any(mark in path.read_bytes() for path in (state_dir / "audit").glob("*.log"))


def given(time_ms: int, *, store: str = "a", offer: str = "x", limited: bool = False) -> Given:
    return Given("ann", store, offer, time_ms, limited)


@pytest.mark.parametrize(
    ("items", "fault"),
    [
        ([given(0), given(DAY_MS, store="b")], None),
        ([given(0), given(DAY_MS - 1, store="b")], "the same offer twice"),
        ([given(0), given(29 * MINUTE_MS, store="b", offer="y")], "cooldown"),
        ([given(0), given(DAY_MS - 1, offer="y")], "frequency cap"),
        ([given(n * HOUR_MS, store=str(n), offer=str(n)) for n in range(4)], "frequency cap"),
        ([given(n * 18 * HOUR_MS, store=str(n), offer=str(n)) for n in range(9)], "frequency cap"),
        ([given(n * 10 * DAY_MS, limited=True) for n in range(LIMITED_BUDGET_COUNT)], None),
        ([given(n * 10 * DAY_MS, limited=True) for n in range(LIMITED_BUDGET_COUNT + 1)], "budget"),
    ],
)
def test_the_recount_of_caps(items: list[Given], fault: str | None) -> None:
    found = over_caps(items, LIMITED_BUDGET_COUNT)
    assert not found if fault is None else any(fault in sentence for sentence in found)
