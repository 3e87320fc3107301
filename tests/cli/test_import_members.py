"""`geooffer import audience_members`: lists of customers, good rows kept and bad ones named without naming anybody."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from feeds import feeding
from typer.testing import Result

Invoke = Callable[..., Result]


async def test_lists_are_filled_row_by_row(invoke: Invoke, tmp_path: Path) -> None:
    async with feeding(invoke, tmp_path) as feeds:
        await feeds.load("audiences", ("audience_id,name", "runners,Runners", "walkers,Walkers"))
        await feeds.load("customers", ("customer_id,device_keys", "ann,1", "bob,2", "cleo,3"))
        given = "personalised_offers,yes,2026-03-01T00:00:00Z,v1"
        await feeds.load(
            "consents", ("customer_id,purposes,granted,event_time,notice_version", f"ann,{given}", f"bob,{given}")
        )
        lines = (
            "audience_id,customer_id",
            "runners,ann",
            "joggers,ann",
            "walkers,bob",
            "runners,cleo",
            "runners,stranger",
            "runners,bob",
            "runners,ann",
        )
        result = await feeds.run("audience_members", feeds.written("audience_members", lines))
        assert result.exit_code == 1
        assert result.stdout.splitlines() == [
            "refused   line 3: no audience of this audience_id [NOT_FOUND]",
            "refused   line 5: she did not consent to personal offers; she was not put on the list [NOT_CONSENTED]",
            "refused   line 6: no such customer [NOT_FOUND]",
            "refused   line 8: the same audience and customer as line 2 of " + str(tmp_path / "audience_members.csv"),
            "accepted 3  refused 4  repaired 0",
        ]
        assert feeds.engine.audience_members("runners") == ["ann", "bob"]
        assert feeds.engine.audience_members("walkers") == ["bob"]
        refused = await feeds.run("audience_members", tmp_path / "audience_members.csv", "--sync")
        assert (refused.exit_code, "--sync is not for audience_members" in refused.stderr) == (2, True)
