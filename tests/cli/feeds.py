"""A running server for tests of full feeds, and the commands against it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from typer.testing import Result

from geooffer.cli.assembly import RunningService, loopback_settings, running_service

Invoke = Callable[..., Result]


class Feeds:
    """`await feeds.sync("products", lines)`: the command with --sync and --json over a real server."""

    def __init__(self, service: RunningService, invoke: Invoke, folder: Path) -> None:
        self.service = service
        self.engine = service.engine
        self.access = ("--server", service.control_address, "--token", service.issue_token("operator"))
        self._invoke = invoke
        self._folder = folder

    def written(self, kind: str, lines: Iterable[str]) -> Path:
        """A file of these lines."""
        path = self._folder / f"{kind}.csv"
        path.write_text("".join(f"{line}\n" for line in lines))
        return path

    async def run(self, *arguments: str | Path) -> Result:
        """`geooffer import …` with this server's address and token."""
        return await asyncio.to_thread(self._invoke, "import", *arguments, *self.access)

    async def sync(self, kind: str, lines: Iterable[str], *options: str, code: int = 0) -> dict[str, Any]:
        """What `import KIND --sync --json` told; `code` is the exit code it must end with."""
        result = await self.run(kind, self.written(kind, lines), "--sync", "--json", *options)
        assert result.exit_code == code, result.output
        told: dict[str, Any] = json.loads(result.stdout)
        return told

    async def load(self, kind: str, lines: Iterable[str]) -> None:
        """Rows through a plain import; all must be accepted."""
        result = await self.run(kind, self.written(kind, lines))
        assert result.exit_code == 0, result.output


@asynccontextmanager
async def feeding(invoke: Invoke, folder: Path, clock_start: str = "2026-03-02T03:00:00Z") -> AsyncIterator[Feeds]:
    """A server of its own, its clock at the time of the first feed."""
    async with running_service(loopback_settings(state_dir=folder / "state", clock_start=clock_start)) as service:
        yield Feeds(service, invoke, folder)


def products(*numbers: int, title: str = "Swift") -> list[str]:
    """Lines of a product feed, all of the category shoes, with two sizes."""
    rows = [f"p{number:04},shoes,{title} {number},EU 42|EU 43" for number in numbers]
    return ["product_id,category_id,title_en,sizes", *rows]


def named(told: dict[str, Any], happens: str) -> list[str]:
    """The ids to which something happens."""
    return [row["id"] for row in told["changes"][happens]]
