"""`geooffer privacy …` against a running server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

from feeds import Feeds, feeding
from typer.testing import Result

Invoke = Callable[..., Result]

CUSTOMERS = ("customer_id,device_keys", "c-1,4711", "c-2,4712")
START = "2026-03-02T03:00:00Z"


async def privacy(feeds: Feeds, invoke: Invoke, *arguments: str | Path, code: int = 0) -> Result:
    """`geooffer privacy …` with this server's address and token."""
    result = await asyncio.to_thread(invoke, "privacy", *arguments, *feeds.access)
    assert result.exit_code == code, result.output
    return result


async def test_a_customer_is_exported_and_erased(invoke: Invoke, tmp_path: Path) -> None:
    async with feeding(invoke, tmp_path, START) as feeds:
        await feeds.load("customers", CUSTOMERS)
        assert (await privacy(feeds, invoke, "erasures")).stdout == "nobody was erased\n"
        told = json.loads((await privacy(feeds, invoke, "export", "c-1", "--reason", "her letter")).stdout)
        assert told["customer"]["customer_id"] == "c-1"
        file = tmp_path / "c-1.json"
        await privacy(feeds, invoke, "export", "c-1", "--reason", "her letter", "--out", file)
        held = json.loads(file.read_text())
        assert held["devices"] == told["devices"] == [{"device_key": "4711"}]
        assert file.stat().st_mode & 0o777 == 0o600
        await privacy(feeds, invoke, "export", "c-1", "--reason", "her letter", "--out", file, code=2)

        asked = await asyncio.to_thread(invoke, "privacy", "erase", "c-1", *feeds.access)
        assert asked.exit_code != 0, "without --yes it asks, and nobody answered"
        erased = json.loads((await privacy(feeds, invoke, "erase", "c-1", "--yes", "--wait", "--json")).stdout)
        (erasure,) = erased["erasures"]
        assert (erasure["state"], erasure["touched"]["customers"], erasure["touched"]["devices"]) == ("done", 1, 1)
        listed = (await privacy(feeds, invoke, "erasures")).stdout
        assert erasure["erasure_id"] in listed
        assert "c-1" not in listed
        gone = await privacy(feeds, invoke, "export", "c-1", "--reason", "her letter", code=2)
        assert gone.stderr.splitlines()[-1] == "error: no such customer [NOT_FOUND]"
        await privacy(feeds, invoke, "export", "c-2", "--reason", "her letter")
