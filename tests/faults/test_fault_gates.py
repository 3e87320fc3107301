"""The short forms of gates 3, 4 and 5, with their controls, and what `make faults` makes of a gate."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import damage
import gates
import pytest
import run as faults_command
from clock_steps import step_clocks
from full_disks import fill_disk
from gates import SHORT, Gate, Progress, Size
from kills import Killing, run
from servers import WarmStarter


async def test_a_disk_that_fills_up_amid_the_load_costs_nothing_acknowledged(
    starter: WarmStarter, tmp_path: Path
) -> None:
    """Gate 3."""
    report = await run(starter, tmp_path, seed=2, kill_count=2, end=fill_disk)
    assert report.faults == []
    assert report.acknowledged_count > 0


@pytest.mark.long  # it takes that long to say that a server does not end
async def test_the_control_that_does_not_hear_its_disk_is_found_out(starter: WarmStarter, tmp_path: Path) -> None:
    plants = {"deaf to the disk": None}
    report = await run(starter, tmp_path, seed=2, kill_count=4, end=fill_disk, plants=plants, until_fault=True)
    assert report.faults


async def test_damage_is_refused_or_harmless(starter: WarmStarter, tmp_path: Path) -> None:
    """Gate 4: journal alone, and with a snapshot; by this process, and by a server."""
    killing = Killing(starter, tmp_path / "state", 4, {})
    await killing.build()
    report = damage.DamageReport()
    kinds = damage.specimens(killing.state_dir)
    for seed in range(14):
        damage.damage(kinds[seed % 2], seed, report)
    assert (report.served, report.unplaced) == ([], [])
    assert report.refused_count > 5
    assert await damage.refused_by_a_server(starter, kinds[0], 3) == ""
    assert gates.control_of_damage(kinds[0], 30) > 0


async def test_a_stepped_wall_clock_gives_nobody_an_offer_too_early(starter: WarmStarter, tmp_path: Path) -> None:
    """Gate 5."""
    assert await step_clocks(starter, tmp_path / "state") == []


async def test_the_control_that_follows_the_wall_clock_is_found_out(starter: WarmStarter, tmp_path: Path) -> None:
    assert await step_clocks(starter, tmp_path / "state", {"follow the wall": None})


def absent(size: Size, progress: Progress) -> Gate:
    raise ModuleNotFoundError("nobody has written it")


@pytest.mark.parametrize(
    ("gate", "passed"),
    [
        (lambda size, progress: Gate("3 runs", [], "control", 2), True),
        (lambda size, progress: Gate("3 runs", [], "control", 0), False),
        (lambda size, progress: Gate("3 runs", ["lost"], "control", 2), False),
        (absent, False),
    ],
)
def test_a_gate_is_passed_without_a_violation_and_with_a_control_that_failed(
    monkeypatch: pytest.MonkeyPatch, gate: Callable[[Size, Progress], Gate], passed: bool
) -> None:
    monkeypatch.setitem(gates.GATES, "1", ("power cuts", gate))
    assert faults_command.run_gate("1", SHORT).passed is passed
