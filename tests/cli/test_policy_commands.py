"""`geooffer policy …` against a running server: what an officer does, and what she reads."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path

from feeds import Feeds, feeding
from typer.testing import Result

from geooffer.model.policy_document import PolicyDocument
from geooffer.rpc.auth import issue_token

Invoke = Callable[..., Result]
START = "2026-03-02T03:00:00Z"
COOLDOWN = "cooldown_ms = 1800000"


async def policy(feeds: Feeds, invoke: Invoke, subject: str, *arguments: str | Path, code: int = 0) -> Result:
    """`geooffer policy …` as one officer."""
    server = feeds.access[:2]
    key = feeds.service.callers.private_key
    assert key is not None
    token = issue_token(key, role="privacy_officer", subject=subject, now_s=time.time())
    result = await asyncio.to_thread(invoke, "policy", *arguments, *server, "--token", token)
    assert result.exit_code == code, result.output
    return result


async def test_an_officers_day(invoke: Invoke, tmp_path: Path) -> None:
    async with feeding(invoke, tmp_path, START) as feeds:
        file = tmp_path / "policy.toml"
        shown = await policy(feeds, invoke, "anna", "show")
        assert "offers are made" in shown.stderr
        file.write_text(shown.stdout)
        assert "a good policy" in invoke("policy", "check", file).stdout
        assert (await policy(feeds, invoke, "anna", "diff", file)).stdout == "no change\n"

        file.write_text(shown.stdout.replace(COOLDOWN, "cooldown_ms = 3600000"))
        told = (await policy(feeds, invoke, "anna", "diff", file)).stdout
        assert told == "offers.cooldown_ms  1800000 (30 min) → 3600000 (1 h)  tightening\n"
        told = (await policy(feeds, invoke, "anna", "propose", file)).stdout
        assert "version 2 · in force · tightening" in told

        back = await policy(feeds, invoke, "anna", "rollback", "1", "--reason", "too quiet", code=1)
        assert "1 approval(s) of other officers missing: geooffer policy approve 3" in back.stdout
        refused = await policy(feeds, invoke, "anna", "approve", "3", code=2)
        assert "one person's word" in refused.stderr
        assert "approved by bert" in (await policy(feeds, invoke, "bert", "approve", "3")).stdout
        listed = (await policy(feeds, invoke, "bert", "list")).stdout.splitlines()
        assert [line.split(" · ")[:2] for line in listed] == [
            ["version 3", "in force"], ["version 2", "past"], ["version 1", "past"],
        ]  # fmt: skip

        killed = await policy(feeds, invoke, "anna", "kill", "--reason", "wrong prices")
        assert killed.stdout.startswith("ALL OFFERS ARE STOPPED: wrong prices (anna, ")
        again = await policy(feeds, invoke, "anna", "kill", "--end", "--reason", "mended")
        assert again.stdout.startswith("offers are made again: mended")

        await policy(feeds, invoke, "anna", "dry-run", file, "--live", "start")
        counted = json.loads((await policy(feeds, invoke, "anna", "dry-run", "--live", "stop", "--json")).stdout)
        assert (counted["base_version"], counted["offers"], counted["people_affected"]) == (3, 0, 0)
        await policy(feeds, invoke, "anna", "dry-run", "--live", "read", code=2)


def test_a_wrong_line_is_named_without_a_server(invoke: Invoke, tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text("format = 1\nreason = ''\nraeson = 'x'\n")
    result = invoke("policy", "check", file)
    assert result.exit_code == 2
    assert "line 3: raeson is no key of a policy; did you mean reason?" in result.stderr


def test_a_dry_run_on_the_made_up_city_tells_what_shifts(invoke: Invoke, tmp_path: Path) -> None:
    base, candidate = tmp_path / "base.toml", tmp_path / "candidate.toml"
    base.write_text(PolicyDocument().text())
    candidate.write_text(PolicyDocument().text().replace("score_floor = 0", "score_floor = 100000"))
    result = invoke("policy", "dry-run", candidate, "--base", base, "--people", "60", "--json")
    told = json.loads(result.stdout)
    assert told["candidate_offers"] == 0 < told["offers"]
    assert ["OFFERED", told["offers"], 0] in told["tries"]
