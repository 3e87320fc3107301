"""`geooffer privacy …` against a running server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from feeds import Feeds, feeding
from typer.testing import Result

from geooffer.cli.purpose_names import purpose_from
from geooffer.errors import InvalidArgumentError

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
        answered = json.loads((await privacy(feeds, invoke, "requests", "--json")).stdout)
        await privacy(feeds, invoke, "export", "c-1", "--reason", "her letter", "--out", file, code=2)
        after = json.loads((await privacy(feeds, invoke, "requests", "--json")).stdout)
        assert after == answered, "an export that could not be kept answers nothing"

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


async def test_a_wrong_role_is_told_which_role_it_is(invoke: Invoke, tmp_path: Path) -> None:
    async with feeding(invoke, tmp_path, START) as feeds:
        token = feeds.service.issue_token("marketing")
        access = ("--server", feeds.service.control_address, "--token", token)
        refused = await asyncio.to_thread(invoke, "privacy", "requests", *access)
        assert refused.exit_code == 2
        assert "the token's role is marketing" in refused.stderr
        assert token not in refused.output


async def test_a_restriction_of_a_recorded_request_is_told_without_an_empty_ground(
    invoke: Invoke, tmp_path: Path
) -> None:
    async with feeding(invoke, tmp_path, START) as feeds:
        await feeds.load("customers", CUSTOMERS)
        await privacy(feeds, invoke, "record", "restrict", "c-1", "--reason", "her letter")
        ground = ("--ground", "legal-claims", "--reason", "court")
        told = (await privacy(feeds, invoke, "restrict", "c-1", *ground)).stdout
        assert "in force (legal-claims)" in told
        assert "()" not in told


def test_a_purpose_is_spelt_as_one_likes() -> None:
    spelt = {purpose_from(text) for text in ("PUSH_MARKETING", "push_marketing", "push-marketing")}
    assert len(spelt) == 1
    with pytest.raises(InvalidArgumentError, match="a purpose is one of precise_location_for_offers, "):
        purpose_from("everything")


async def test_the_data_map_tells_the_policy_of_a_server_beside_the_ceilings(invoke: Invoke, tmp_path: Path) -> None:
    async with feeding(invoke, tmp_path, START) as feeds:
        told = json.loads((await privacy(feeds, invoke, "datamap", "--json")).stdout)
        alone = json.loads(invoke("privacy", "datamap", "--json").stdout)
        in_force = {row["activity"]: row.pop("kept_by_policy_days", None) for row in told["activities"]}
        assert told == alone
        assert {name: days for name, days in in_force.items() if days is not None} == {
            "what interests her": 14,
            "what she bought, likes, wears and stated": 1_096,
            "what was decided for her, and what became of it": 32,
            "what she consented to, by which notice, and snoozes": 1_096,
        }
