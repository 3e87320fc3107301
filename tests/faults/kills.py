"""Kill after kill: start, look up everything that was promised, load, SIGKILL at a moment of the seed's; and again.

`run` serves one state directory for a number of kills; several may run side by side.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import fault_town as town
import numpy as np
from crowd import Crowd
from judge import ask_service, read_directory
from servers import ServerProcess, WarmStarter, operator_client

from geooffer.errors import GeoofferError
from geooffer.journal.compactor import only_compactor
from geooffer.model.units import format_time_ms

LOAD_S_MAX = 0.7
EARLY_SHARE = 0.2
"""Of the kills: before the server has said that it is ready."""
EARLY_S_MAX = 0.35
READ_EVERY = 5
"""The directory is read after so many kills, and after the last."""


@dataclass
class KillReport:
    """What came of some kills."""

    kill_count: int = 0
    early_count: int = 0
    sent_count: int = 0
    acknowledged_count: int = 0
    offer_count: int = 0
    moment_count: int = 0
    snapshot_count: int = 0
    """Rounds after which there was another snapshot than before."""
    draft_count: int = 0
    """Rounds that ended amid the writing of one."""
    faults: list[str] = field(default_factory=list)

    def add(self, other: KillReport) -> None:
        for name in (item.name for item in fields(self)):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def __str__(self) -> str:
        return (
            f"{self.kill_count} kills ({self.early_count} during start-up, {self.draft_count} amid a snapshot; "
            f"{self.snapshot_count} snapshots), {self.sent_count} calls, "
            f"{self.acknowledged_count} acknowledged, {self.offer_count} offers told, {len(self.faults)} violations"
        )


End = Callable[[ServerProcess, np.random.Generator], Awaitable[list[str]]]
"""Ends a server amid its work; what was wrong with how it ended."""


async def kill(server: ServerProcess, _: np.random.Generator) -> list[str]:
    """SIGKILL."""
    server.kill()
    return []


class Killing:
    """One state directory under fire."""

    def __init__(
        self, starter: WarmStarter, state_dir: Path, seed: int, plants: dict[str, Any], end: End = kill
    ) -> None:
        self._end = end
        self.random = np.random.default_rng([seed, 17])
        self.crowd = Crowd(np.random.default_rng([seed, 18]))
        self.report = KillReport()
        self._snapshots: set[str] = set()
        self.state_dir = state_dir
        self._starter, self._plants = starter, plants

    def _start(self) -> ServerProcess:
        clock = ("--clock", "client", "--clock-start", format_time_ms(town.START_MS))
        return self._starter.serve(self.state_dir, *clock, plants=self._plants)

    async def build(self) -> None:
        """The town, killed as soon as it stands."""
        server = self._start()
        async with operator_client(await server.ready(), self.state_dir) as client:
            await town.build(client.control)
        server.kill()
        self.report.kill_count += 1

    async def round(self) -> None:
        """One kill."""
        server = self._start()
        self.report.kill_count += 1
        if self._end is kill and self.random.random() < EARLY_SHARE:
            await asyncio.sleep(float(self.random.random()) * EARLY_S_MAX)
            self.report.early_count += 1
            server.kill()
            return
        async with operator_client(await server.ready(), self.state_dir) as client:
            self.report.faults += await ask_service(client, self.crowd)
            living = asyncio.create_task(self.crowd.live(client))
            await asyncio.sleep(float(self.random.random()) * LOAD_S_MAX)
            self.report.faults += await self._end(server, self.random)
            await living
        names = {path.name for path in self.state_dir.glob("snapshot-*")}
        whole = {name for name in names if name.removeprefix("snapshot-").isdigit()}
        self.report.snapshot_count += bool(whole - self._snapshots)
        self.report.draft_count += whole != names
        self._snapshots = whole

    async def last_look(self) -> None:
        """Everything once more, with nobody killed in between."""
        self.read_directory()
        server = self._start()
        try:
            async with operator_client(await server.ready(), self.state_dir) as client:
                self.report.faults += await ask_service(client, self.crowd)
        finally:
            server.kill()
        with only_compactor(self.state_dir, 10.0):
            pass  # a snapshot it was writing ends with it, a moment later

    def read_directory(self) -> None:
        """What the next start would find, without starting."""
        self.report.faults += read_directory(self.state_dir, self.crowd.history)

    def count(self) -> KillReport:
        """With what the history counted."""
        history = self.crowd.history
        self.report.sent_count, self.report.acknowledged_count = history.sent_count, history.acknowledged_count
        self.report.offer_count, self.report.moment_count = len(history.offers), self.crowd.moment_count
        return self.report


async def run(
    starter: WarmStarter,
    folder: Path,
    seed: int,
    kill_count: int,
    *,
    plants: dict[str, Any] | None = None,
    end: End = kill,
    until_fault: bool = False,
    on_kill: Callable[[KillReport], None] = lambda report: None,
) -> KillReport:
    """`kill_count` kills of one directory below `folder`. `until_fault`: stop at the first violation."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=f"seed-{seed}-") as name:
        killing = Killing(starter, Path(name) / "state", seed, plants or {}, end)
        await killing.build()
        for number in range(1, kill_count):
            try:
                await killing.round()
            except (GeoofferError, RuntimeError) as error:
                killing.report.faults.append(f"after kill {number}: {type(error).__name__}: {error}")
                return killing.count()
            if number % READ_EVERY == 0:
                killing.read_directory()
            on_kill(killing.report)
            if until_fault and killing.report.faults:
                return killing.count()
        await killing.last_look()
        return killing.count()
