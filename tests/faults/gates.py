"""The gates of reliability.md as functions: each runs its fault and its control and returns what came of both.

Servers run in processes of their own; what keeps one core busy runs two at a time.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[1]
FOLDERS = [str(TESTS / room) for room in ("", "faults", "journal", "simulation")]
sys.path[:0] = FOLDERS
PROCESS_COUNT = 2
SNAPSHOT_RECORD_COUNT = 100
Progress = Callable[[str], None]


@dataclass
class Gate:
    """What a gate showed."""

    runs: str
    violations: list[str] = field(default_factory=list)
    control: str = ""
    control_saw: int = 0

    @property
    def passed(self) -> bool:
        """No violation, and the control failed as it has to."""
        return not self.violations and self.control_saw > 0


@dataclass(frozen=True)
class Size:
    """How much of each is run."""

    cut_seed_count: int
    cut_seconds: float
    kill_count: int
    kills_per_directory: int
    full_disk_count: int
    damage_count: int
    life_count: int
    overload_pair_count: int
    """Peak and overload in turn: a shared machine changes its pace by a fifth between two runs."""


WHOLE = Size(2_000, 300.0, 208, 26, 24, 400, 150, 11)
SHORT = Size(200, 20.0, 12, 6, 4, 40, 10, 3)


# -- 1: power cuts -------------------------------------------------------------------------------------------------


def _cut(seeds: range, synchronous: str) -> tuple[int, int, list[str]]:
    from power_cuts import run_seed

    verdicts = [run_seed(seed, synchronous) for seed in seeds]
    wrong = [f"seed {verdict.seed}: {verdict}" for verdict in verdicts if not verdict.is_sound]
    return len(verdicts), sum(verdict.lost_count for verdict in verdicts), wrong


def power_cuts(size: Size, progress: Progress) -> Gate:
    """At least `cut_seed_count` lives, and more for as long as there is time."""
    chunk, done, faults = 50, 0, list[str]()
    started_s = time.monotonic()
    with _pool() as pool:
        seed = 20_000
        while done < size.cut_seed_count or time.monotonic() - started_s < size.cut_seconds:
            starts = range(seed, seed + 4 * chunk * PROCESS_COUNT, chunk)
            for job in as_completed([pool.submit(_cut, range(start, start + chunk), "FULL") for start in starts]):
                count, _, wrong = job.result()
                done += count
                faults += wrong
            seed += 4 * chunk * PROCESS_COUNT
            progress(f"{done:,} lives")
            if faults or time.monotonic() - started_s > 4 * size.cut_seconds:
                break
        if done < size.cut_seed_count:
            faults.append(f"{done:,} lives instead of {size.cut_seed_count:,}: too few to show anything")
        lost = sum(pool.submit(_cut, range(start, start + 40), "NORMAL").result()[1] for start in (0, 40))
    return Gate(f"{done:,} lives on a disk without power", faults, "synchronous=NORMAL: commits lost", lost)


# -- 2 and 3: kills and full disks -----------------------------------------------------------------------------------


@cache
def _starter() -> Any:
    from servers import WarmStarter

    return WarmStarter()


def _kill(seed: int, kill_count: int, end_name: str, plants: dict[str, Any], until_fault: bool) -> Any:
    import kills
    from full_disks import fill_disk

    end = {"kill": kills.kill, "fill disk": fill_disk}[end_name]
    with tempfile.TemporaryDirectory(prefix="geooffer-kills-") as folder:
        run = kills.run(_starter(), Path(folder), seed, kill_count, plants=plants, end=end, until_fault=until_fault)
        return asyncio.run(run)


def _all_kills(progress: Progress, total: int, each: int, end_name: str, plants: dict[str, Any]) -> Gate:
    from kills import KillReport

    report = KillReport()
    with _pool() as pool:
        # every other directory with snapshots all the time: then many kills meet one being written
        kinds = ({}, {"compact often": SNAPSHOT_RECORD_COUNT} if end_name == "kill" else {})
        seeds = range(1, 1 + -(-total // each))
        jobs = [pool.submit(_kill, seed, each, end_name, kinds[seed % 2], False) for seed in seeds]
        for job in as_completed(jobs):
            report.add(job.result())
            progress(str(report))
        control = pool.submit(_kill, 1, 15, end_name, plants, True).result()
        pool.submit(_end_starter).result()
        pool.submit(_end_starter).result()
    return Gate(str(report), report.faults, f"{' '.join(plants)}: violations", len(control.faults))


def _end_starter() -> None:
    time.sleep(0.2)  # so that each process of the pool takes one
    _starter().__exit__()
    _starter.cache_clear()


def sigkills(size: Size, progress: Progress) -> Gate:
    """Gate 2."""
    return _all_kills(progress, size.kill_count, size.kills_per_directory, "kill", {"acknowledge early": None})


def full_disks(size: Size, progress: Progress) -> Gate:
    """Gate 3: the real service; and the journal on a disk that fails in every way (tests/journal)."""
    count = size.full_disk_count
    gate = _all_kills(progress, count, -(-count // 2), "fill disk", {"deaf to the disk": None})
    progress("EIO, ENOSPC, short writes below the committer")
    passed, failed = _pytest("tests/journal/test_power_cuts.py", "-k", "disk_that_fails")
    gate.runs += f"; {passed} disks that fail"
    gate.violations += failed or ([] if passed else ["tests/journal/test_power_cuts.py: no test ran"])
    return gate


# -- 4: damage -----------------------------------------------------------------------------------------------------


def damaged_files(size: Size, progress: Progress) -> Gate:
    """Recovered in this process; some are given to a real server, too."""
    import damage
    from kills import Killing
    from servers import WarmStarter

    report = damage.DamageReport()
    with tempfile.TemporaryDirectory(prefix="geooffer-damage-") as folder, WarmStarter() as starter:
        killing = Killing(starter, Path(folder) / "state", 3, {})
        asyncio.run(_besieged(killing))
        kinds = damage.specimens(killing.state_dir)
        for seed in range(size.damage_count):
            damage.damage(kinds[seed % len(kinds)], seed, report)
            if seed % 50 == 49:
                progress(f"{report.tried_count} damaged copies, {report.refused_count} refused")
        served_count = control_of_damage(kinds[0], size.damage_count)
        refused = [asyncio.run(damage.refused_by_a_server(starter, kinds[0], byte)) for byte in range(3)]
    runs = f"{report.tried_count} copies: {report.refused_count} refused, {report.harmless_count} harmless"
    faults = report.served + report.unplaced + [sentence for sentence in refused if sentence]
    return Gate(f"{runs}; {len(refused)} servers", faults, "no hash compared: served damaged", served_count)


def control_of_damage(specimen: Any, count: int) -> int:
    """How many damaged copies are served where nothing is compared; a crash counts as one."""
    from damage import served_unchecked

    with _pool() as pool:
        try:
            return pool.submit(served_unchecked, specimen, count).result()
        except BrokenProcessPool:
            return 1


async def _besieged(killing: Any) -> None:
    await killing.build()
    for _ in range(3):
        await killing.round()


# -- 5 to 8 --------------------------------------------------------------------------------------------------------


def stepped_clocks(size: Size, progress: Progress) -> Gate:
    """Gate 5."""
    from clock_steps import step_clocks
    from servers import WarmStarter

    with tempfile.TemporaryDirectory(prefix="geooffer-clock-") as folder, WarmStarter() as starter:
        faults = asyncio.run(step_clocks(starter, Path(folder) / "good" / "state"))
        progress("the control")
        control = asyncio.run(step_clocks(starter, Path(folder) / "bad" / "state", {"follow the wall": None}))
    return Gate("±1 h while running, −1 h over restarts", faults, "follows the wall: violations", len(control))


def overload(size: Size, progress: Progress) -> Gate:
    """Gate 6."""
    from geooffer.cli.bench_overload import measure_overload

    good = measure_overload(seconds=2.0, pair_count=size.overload_pair_count)
    told = f"goodput {good['goodput_share']:.0%} of the peak, p99 {good['accepted_p99_us'] or 0} µs"
    progress(told)
    bad = measure_overload(seconds=2.0, pair_count=3, bounded=False)
    faults = [] if good["passed"] else [f"not passed: {good}"]
    return Gate(f"10 × the peak: {told}", faults, "no bound, no budget: not passed", int(not bad["passed"]))


def slow_consumers(size: Size, progress: Progress) -> Gate:
    """Gate 7."""
    passed, failed = _pytest("tests/dataplane/test_slow_consumers.py")
    progress("the control")
    _, control = _pytest("-p", "unbounded_streams", "tests/dataplane/test_slow_consumers.py")
    faults = failed or ([] if passed else ["tests/dataplane/test_slow_consumers.py: no test ran"])
    return Gate(f"{passed} kinds of consumers", faults, "no bound on what waits: tests fail", len(control))


def simulated_lives(size: Size, progress: Progress) -> Gate:
    """Gate 8."""
    from sim_plants import PLANTS

    half = size.life_count // PROCESS_COUNT
    with _pool() as pool:
        jobs = [pool.submit(_live, range(50_000 + half * n, 50_000 + half * (n + 1)), "") for n in range(PROCESS_COUNT)]
        faults = [sentence for job in as_completed(jobs) if (sentence := job.result())]
        progress(f"{half * PROCESS_COUNT} lives")
        plants = [pool.submit(_live, range(20), plant) for plant in PLANTS]
        found = sum(bool(job.result()) for job in plants)
    if found < len(PLANTS):
        faults.append(f"{len(PLANTS) - found} planted bugs were not found")
    return Gate(f"{half * PROCESS_COUNT} lives", faults, f"of {len(PLANTS)} planted bugs found", found)


def _live(seeds: range, plant: str) -> str:
    from simulate import search

    from geooffer.kernels.compile import compile_all

    compile_all()  # else each kernel is compiled for whatever it is called with first
    failure = search(seeds, plant, make_small=not plant)
    return "" if failure is None else str(failure)


# -- how -----------------------------------------------------------------------------------------------------------


def _pool() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(PROCESS_COUNT, mp_context=get_context("spawn"), initializer=_enter)


def _enter() -> None:
    """In a process of a pool."""
    sys.path[:0] = [folder for folder in FOLDERS if folder not in sys.path]


def _pytest(*arguments: str) -> tuple[int, list[str]]:
    """(passed, the names of those that failed)."""
    with ExitStack():
        found = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-rfE", "-p", "no:cacheprovider", *arguments],
            capture_output=True,
            text=True,
            cwd=TESTS.parent,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([*FOLDERS, os.environ.get("PYTHONPATH", "")])},
            check=False,
        )
    passed = re.search(r"(\d+) passed", found.stdout)
    failed = re.findall(r"^(?:FAILED|ERROR) (\S+)", found.stdout, re.MULTILINE)
    if found.returncode and not failed:
        failed = [found.stdout[-300:] + found.stderr[-300:]]
    dots = found.stdout.split("\n")[0].count(".")
    return int(passed[1]) if passed else dots, failed


GATES: dict[str, tuple[str, Callable[[Size, Progress], Gate]]] = {
    "1": ("power cuts", power_cuts),
    "2": ("SIGKILL", sigkills),
    "3": ("failing disks", full_disks),
    "4": ("damage", damaged_files),
    "5": ("clock steps", stepped_clocks),
    "6": ("overload", overload),
    "7": ("slow consumers", slow_consumers),
    "8": ("simulation", simulated_lives),
}


def names() -> Iterable[str]:
    """Of all gates, in order."""
    return GATES.keys()
