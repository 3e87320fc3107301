"""`geooffer try`: a line for each of the 23 verdicts, the score by factor, decisions, past tries; over a real port."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import try_shop
from try_shop import ANN, HERE, NOW_MS, Arrange, open_shop, served
from typer.testing import Result

from geooffer.model.kinds import OutcomeKind
from geooffer.model.units import format_time_ms
from geooffer.model.verdicts import OfferVerdict

Invoke = Callable[..., Result]
MINUTE_MS = 60_000
AT_THE_DOOR = ("--device-key", str(ANN), "--latitude", str(HERE[0] / 1e7), "--longitude", str(HERE[1] / 1e7))


async def asked(invoke: Invoke, tmp_path: Path, arrange: Arrange, *options: str) -> Result:
    """What the command says after `arrange`."""
    engine = open_shop()
    arrange(engine)
    async with served(engine, tmp_path / "state") as access:
        return await asyncio.to_thread(invoke, "try", *access, *options)


def later(minutes: int) -> tuple[str, ...]:
    return "--time", format_time_ms(NOW_MS + minutes * MINUTE_MS)


# verdict → (what is arranged, further options, the offer it is said of, words of its sentence)
ANSWERS: dict[OfferVerdict, tuple[Arrange, tuple[str, ...], str, str]] = {
    OfferVerdict.STORE_CLOSED: (try_shop.close, (), "o1", "burst pipe"),
    OfferVerdict.TOO_FAST: (try_shop.nothing, ("--speed", "9"), "o1", "9 m/s"),
    OfferVerdict.QUIET_HOURS: (try_shop.nothing, later(11 * 60 + 30), "o1", "21:00"),
    OfferVerdict.PURPOSE_NOT_CONSENTED: (try_shop.withdraw, (), "o1", "personalised_offers"),
    OfferVerdict.SPECIAL_CATEGORY: (try_shop.make_special, (), "o1", "special"),
    OfferVerdict.OFFER_INACTIVE: (try_shop.pause, ("--all",), "o1", "paused"),
    OfferVerdict.AUDIENCE_MISMATCH: (try_shop.for_gold_only, (), "o1", "tier"),
    OfferVerdict.NO_INTENT: (try_shop.forget_her_search, ("--all",), "o1", "no"),
    OfferVerdict.RECENTLY_BOUGHT: (try_shop.buy, (), "o1", "90"),
    OfferVerdict.SIZE_MISMATCH: (try_shop.forget_her_size, (), "o1", "size"),
    OfferVerdict.OUT_OF_STOCK: (try_shop.sell_out, (), "o1", "safety stock"),
    OfferVerdict.STOCK_STALE: (try_shop.nothing, later(23 * 60 + 1), "o1", "24 h"),
    OfferVerdict.NO_PRICE_ADVANTAGE: (try_shop.make_dearer, (), "o1", "13000"),
    OfferVerdict.ALREADY_OFFERED: (try_shop.offer_it, later(31), "o1", "24 h"),
    OfferVerdict.COOLDOWN: (try_shop.offer_socks_first, (), "o1", "30 min"),
    OfferVerdict.FREQUENCY_CAP: (try_shop.offer_socks_first, later(31), "o1", "1 of 1"),
    OfferVerdict.BUDGET_SPENT: (try_shop.spend_the_budget, (), "o1", "spring"),
    OfferVerdict.BELOW_RELEVANCE: (try_shop.raise_the_floor, (), "o1", "100000"),
    OfferVerdict.OUTRANKED: (try_shop.offer_socks, (), "o2", "is behind o1"),
    OfferVerdict.HELD_OUT: (try_shop.hold_out_everybody, (), "o1", "control group"),
    OfferVerdict.OFFERED: (try_shop.nothing, (), "o1", ""),
    OfferVerdict.OFFERS_STOPPED: (try_shop.stop_offers, (), "o1", "geooffer policy show"),
}


def test_every_verdict_has_an_answer_here_or_among_past_tries() -> None:
    assert set(ANSWERS) == set(OfferVerdict) - {OfferVerdict.TOO_LATE}


@pytest.mark.parametrize("verdict", ANSWERS, ids=lambda verdict: verdict.name)
async def test_each_verdict_is_told_with_the_figures_behind_it(
    invoke: Invoke, tmp_path: Path, verdict: OfferVerdict
) -> None:
    arrange, options, offer_id, words = ANSWERS[verdict]
    result = await asked(invoke, tmp_path, arrange, *AT_THE_DOOR, *options)
    assert result.exit_code == 0, result.stderr
    [line] = [line for line in result.stdout.splitlines() if line.startswith(f"  {verdict.name} ")]
    told = line.split()
    assert told[:2] == [verdict.name, offer_id]
    assert words in line
    assert len(told) > 2 or verdict is OfferVerdict.OFFERED


async def test_a_late_offer_is_told_among_her_past_tries_only(invoke: Invoke, tmp_path: Path) -> None:
    result = await asked(invoke, tmp_path, try_shop.come_too_late, "--customer", "ann")
    assert result.stdout == "2026-03-03T09:00:00Z  TOO_LATE             store mitte  offer o1\n"


async def test_past_tries_as_json_and_none(invoke: Invoke, tmp_path: Path) -> None:
    result = await asked(invoke, tmp_path, try_shop.offer_it, "--customer", "ann", "--json")
    assert json.loads(result.stdout) == {
        "tries": [{"try_time": "2026-03-03T09:00:00Z", "store_id": "mitte", "offer_id": "o1", "verdict": "OFFERED"}]
    }
    result = await asked(invoke, tmp_path, try_shop.nothing, "--customer", "ann")
    assert result.stdout == "no try in the last 24 h (kept in memory only)\n"


async def test_the_score_is_a_table_by_factor_that_adds_up(invoke: Invoke, tmp_path: Path) -> None:
    result = await asked(invoke, tmp_path, try_shop.offer_socks, *AT_THE_DOOR)
    lines = result.stdout.splitlines()
    [head] = [index for index, line in enumerate(lines) if line.split()[:2] == ["points", "score"]]
    names = lines[head].split()[2:]
    assert {"interest", "price_cut", "distance", "stock", "closing"} <= set(names)
    assert "loyalty" not in names  # nobody has points of it
    for line, offer_id in zip(lines[head + 1 : head + 3], ("o1", "o2"), strict=True):
        name, score, *points = line.split()
        assert name == offer_id
        assert int(score) == sum(map(int, points)) > 0
    told = json.loads((await asked(invoke, tmp_path, try_shop.nothing, *AT_THE_DOOR, "--json")).stdout)
    [candidate] = told["fences"][0]["candidates"]
    assert candidate["score"] == sum(candidate["points"].values())
    assert (candidate["fulfilment"], candidate["reason_kind"]) == ("IN_STORE", "SEARCH")


async def test_an_alternative_says_where_the_goods_are(invoke: Invoke, tmp_path: Path) -> None:
    """S12."""
    result = await asked(invoke, tmp_path, try_shop.stock_the_other_branch, *AT_THE_DOOR)
    [line] = [line for line in result.stdout.splitlines() if line.startswith("  OFFERED ")]
    assert line.endswith("[OTHER_BRANCH from nord]")


async def test_closures_are_told_with_reason_and_end(invoke: Invoke, tmp_path: Path) -> None:
    """H2."""
    result = await asked(invoke, tmp_path, try_shop.close, *AT_THE_DOOR)
    expected = "  switch: closed from 2026-03-03T09:00:00Z until 2026-03-03T10:00:00Z: burst pipe"
    assert expected in result.stdout.splitlines()
    told = json.loads((await asked(invoke, tmp_path, try_shop.close, *AT_THE_DOOR, "--json")).stdout)
    [closure] = told["fences"][0]["closures"]
    assert (closure["kind"], closure["reason"]) == ("CLOSED", "burst pipe")


async def told_decision(invoke: Invoke, tmp_path: Path, *options: str) -> str:
    """What the command says of a decision that was displayed."""
    engine = open_shop()
    decision_id = try_shop.decide(engine)
    engine.report_outcome(decision_id, OutcomeKind.DISPLAYED, time_ms=NOW_MS, now_ms=NOW_MS)
    async with served(engine, tmp_path / "state") as access:
        result = await asyncio.to_thread(invoke, "try", *access, "--decision", decision_id, *options)
    assert result.exit_code == 0, result.stderr
    return result.stdout.replace(decision_id, "ID")


async def test_a_decision_is_told_by_its_id(invoke: Invoke, tmp_path: Path) -> None:
    head, who, what, where, price, because, factors, points, outcome, versions = (
        await told_decision(invoke, tmp_path)
    ).splitlines()
    assert head == "decision ID"
    assert who == "  2026-03-03T09:00:00Z  customer ann, channel WEB_SHOP"
    assert what == "  offer o1 of campaign spring: product shoe, size EU 43"
    assert where == "  store mitte"
    assert price == "  price 9000, before 12000 (gross, minor units)"
    assert because == "  because of SEARCH in category shoes"
    assert factors.split()[:3] == ["points", "score", "interest"]
    name, score, *by_factor = points.split()
    assert (name, int(score)) == ("o1", sum(map(int, by_factor)))
    assert outcome == "  DISPLAYED 2026-03-03T09:00:00Z"
    assert versions.startswith("catalog generation ")


async def test_a_decision_as_json(invoke: Invoke, tmp_path: Path) -> None:
    told: dict[str, Any] = json.loads(await told_decision(invoke, tmp_path, "--json"))
    assert (told["decision_id"], told["customer_id"], told["is_shadow"]) == ("ID", "ann", False)
    assert told["score"] == sum(told["points"].values())
    assert told["outcomes"] == [{"kind": "DISPLAYED", "event_time": "2026-03-03T09:00:00Z"}]


async def test_what_is_not_there_is_said_without_a_trace(invoke: Invoke, tmp_path: Path) -> None:
    for options in (("--decision", "none"), ("--customer", "nobody")):
        result = await asked(invoke, tmp_path, try_shop.nothing, *options)
        assert result.exit_code == 2
        assert "no such" in result.stderr
    both = await asked(invoke, tmp_path, try_shop.nothing, "--decision", "a", "--customer", "b")
    assert both.exit_code == 2
