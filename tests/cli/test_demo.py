"""`geooffer demo` and `geooffer try`, run as a user runs them."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from geooffer.bench.city import START_MS
from geooffer.cli.assembly import loopback_settings, running_service
from geooffer.client import GeoofferClient
from geooffer.dataplane.native_module import choose_plane
from geooffer.model.catalog import Customer
from geooffer.model.units import format_time_ms
from map_pages import data_of
from planes import PLANES, PYTHON

Invoke = Callable[..., Result]

CUSTOMERS = "400"
MEASURED = ("pings_per_s", "message_latency_p50_ms", "message_latency_p99_ms")
INTERRUPTIBLE = """
import signal
from geooffer.cli.main import main
signal.signal(signal.SIGINT, signal.default_int_handler)
main()
"""
"""The command, though the tests themselves may run in the background of a shell, which ignores SIGINT there."""


async def _geooffer(*arguments: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "geooffer.cli.main", *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, error = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), error.decode()


@pytest.mark.long
@pytest.mark.parametrize("other", PLANES)
async def test_the_same_seed_tells_the_same_but_for_what_was_measured(
    invoke: Invoke, tmp_path: Path, other: str
) -> None:
    """Whatever the plane. In short: tests/bench/test_city.py, test_the_same_seed_gives_the_same_city."""
    told = []
    for plane in (PYTHON, other):
        result = await asyncio.to_thread(
            invoke, "demo", "--customers", CUSTOMERS, "--out", tmp_path, "--plane", plane, "--json"
        )
        assert result.exit_code == 0, result.stderr
        assert f"\nData plane: {plane} (asked for).\n" in result.stderr
        told.append(json.loads(result.stdout))
        assert told[-1].pop("plane") == plane
    assert {key for key in told[0] if told[0][key] != told[1][key]} <= set(MEASURED)


async def test_demo_tells_stories_that_try_explains(invoke: Invoke, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    code, out, error = await _geooffer("demo", "--customers", CUSTOMERS, "--out", str(folder), "--json")
    assert code == 0, error
    assert "Traceback" not in error
    result = json.loads(out)
    assert result["plane"] == choose_plane("auto", "cells").name
    assert result["pings"] == sum(result["ping_verdicts"].values()) > 50_000
    assert list(result["transitions"]) == ["ENTER", "DWELL"]
    assert result["offers"] == result["offer_verdicts"]["OFFERED"] > 50
    assert result["pings_per_s"] > 0
    page = data_of((folder / "map.html").read_text(encoding="utf-8"))
    (offers,) = [layer for layer in page["marks"] if layer["label"] == "offers"]
    assert len(offers["texts"]) == result["offers"]
    assert [story["kind"] for story in result["stories"]] == [
        "offered", "held back", "no consent", "due again", "elsewhere", "closed",
    ]  # fmt: skip
    assert result["shadow_offers"] == result["offer_verdicts"]["HELD_OUT"] > 0
    for kind in ("reason", "fulfilment", "campaign"):
        assert sum(result[f"offers_by_{kind}"].values()) == result["offers"]

    tried = await asyncio.to_thread(invoke, "try", "--demo", "--customers", CUSTOMERS, "--json")
    assert tried.exit_code == 0, tried.stderr
    explained = json.loads(tried.stdout)["stories"]
    assert [e["customer_id"] for e in explained] == [s["customer_id"] for s in result["stories"]]
    offered, held, silent, due, elsewhere, closed = explained
    assert "OFFERED" in [fence["verdict"] for fence in offered["fences"]]
    verdicts = [fence["verdict"] for fence in held["fences"] if fence["verdict"]]
    assert any(verdict in " ".join(result["stories"][1]["lines"]) for verdict in verdicts)
    assert silent["ping_verdict"] == "NO_CONSENT"
    winners = [
        c for story in (due, elsewhere) for f in story["fences"] for c in f["candidates"] if c["verdict"] == "OFFERED"
    ]
    assert [winner["reason_kind"] == "PURCHASE" for winner in winners] == [True, False]
    assert winners[1]["fulfilment"] in ("OTHER_BRANCH", "SHIP_TO_HOME")
    assert [fence["verdict"] for fence in closed["fences"]] == ["STORE_CLOSED"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("demo", "--seed", "-1"),
        ("demo", "--plane", "fast"),
        ("demo", "--customers", "3"),
        ("try",),
        ("try", "--device-key", "7", "--latitude", "52.5"),
        ("try", "--device-key", "7", "--latitude", "nan", "--longitude", "13", "--token", "x"),
        ("try", "--device-key", "7", "--latitude", "5", "--longitude", "13", "--token", "x", "--accuracy-m", "1e300"),
        ("try", "--device-key", "7", "--latitude", "95", "--longitude", "13", "--token", "x"),
        ("try", "--device-key", "7", "--latitude", "52", "--longitude", "13", "--token", "x", "--time", "noon"),
        ("try", "--device-key", "7", "--latitude", "52", "--longitude", "13"),
        (
            "try",
            "--server",
            "127.0.0.1:1",
            "--device-key",
            "7",
            "--latitude",
            "52",
            "--longitude",
            "13",
            "--token",
            "x",
        ),
    ],
)
def test_bad_input_is_one_clear_error(invoke: Invoke, arguments: tuple[str, ...]) -> None:
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "internal fault" not in result.stderr
    assert result.stderr.strip()


def test_the_printed_report_names_what_each_count_is_of(invoke: Invoke, tmp_path: Path) -> None:
    result = invoke("demo", "--customers", "60", "--out", tmp_path / "out")
    out = result.stdout
    assert result.exit_code in (0, 1), result.stderr  # 1: so small a city may lack a story
    for title in (
        "Pings by verdict", "Attempts to find an offer, by verdict", "Offers by reason",
        "Offers by where the goods are", "Offers by campaign",
    ):  # fmt: skip
        assert f"\n{title}\n  " in out
    assert "is due to buy it again" in out
    assert "held out (control group)" in out


def test_demo_into_a_file_is_refused(invoke: Invoke, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("mine", encoding="utf-8")
    assert invoke("demo", "--customers", "10", "--out", taken).exit_code == 2
    assert taken.read_text(encoding="utf-8") == "mine"


async def test_try_asks_a_running_server(invoke: Invoke, tmp_path: Path) -> None:
    settings = loopback_settings(clock_start=format_time_ms(START_MS), state_dir=tmp_path / "state")
    async with running_service(settings) as service:
        token = service.issue_token("operator")
        async with GeoofferClient(control_target=service.control_address, token=token) as client:
            await client.control.upsert_customers([Customer("anna", (7,))])
        place = ("--device-key", "7", "--latitude", "52.5", "--longitude", "13.4")
        asked = ("try", "--server", service.control_address, *place)
        result = await asyncio.to_thread(invoke, *asked, "--token", token)
        assert (result.exit_code, result.stdout.splitlines()[0]) == (0, "ping: NO_CONSENT"), result.stderr
        result = await asyncio.to_thread(invoke, *asked, "--token", token, "--json")
        assert json.loads(result.stdout)["ping_verdict"] == "NO_CONSENT"
        phone = service.issue_token("device", device_key=7)
        for wrong, reason in (("not-a-token", "UNAUTHENTICATED"), (phone, "PERMISSION_DENIED")):
            result = await asyncio.to_thread(invoke, *asked, "--token", wrong)
            assert (result.exit_code, result.stdout) == (2, "")
            assert reason in result.stderr


async def test_an_interrupted_demo_ends_at_once_and_says_so(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", INTERRUPTIBLE, "demo", "--out", str(tmp_path / "out"),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    assert (await process.stderr.readline()).startswith(b"Building city")
    process.send_signal(signal.SIGINT)
    out, error = await process.communicate()
    assert process.returncode == 130
    assert out == b""
    assert error.decode().splitlines()[-1] == "interrupted"
    assert b"Traceback" not in error
