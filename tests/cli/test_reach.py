"""Servers that are not there, not the right ones, or go away."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from geooffer.cli.assembly import loopback_settings, running_service
from serving import serving

Invoke = Callable[..., Result]

PLACE = ("--device-key", "7", "--latitude", "47", "--longitude", "8")
HEADER = "user_id,tracked_at,latitude,longitude,accuracy\n"


def write_walk(path: Path, fix_count: int) -> Path:
    rows = (f"7,2026-03-03T{i // 3600:02d}:{i // 60 % 60:02d}:{i % 60:02d}Z,47.0,8.0,12\n" for i in range(fix_count))
    path.write_text(HEADER + "".join(rows))
    return path


@pytest.mark.parametrize("address", ["", "nonsense", "http://127.0.0.1:7431", "a\nb:1", "127.0.0.1:99999"])
def test_what_is_no_address_is_refused_before_it_is_called(invoke: Invoke, tmp_path: Path, address: str) -> None:
    customers = tmp_path / "customers.csv"
    customers.write_text("customer_id,device_keys\nanna,7\n")
    walk = write_walk(tmp_path / "walk.csv", 1)
    products = tmp_path / "products.csv"
    products.write_text("product_id,category_id,title_en\nshoe,shoes,Shoe\n")
    sending = (("import", "customers", customers), ("import", "products", products, "--sync"), ("replay", walk))
    asking = (("try", *PLACE), ("store", "closures"), ("privacy", "erasures"))
    for command in (*sending, *asking):
        result = invoke(*command, "--server", address, "--token", "x")
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.startswith("error: --server: must be host:port")
        assert result.stderr.count("\n") == 1
    for command in (("replay", walk), ("map", "--output", tmp_path / "map.html")):
        result = invoke(*command, "--control-server", "nonsense", "--token", "x")
        assert result.stderr.startswith("error: --control-server: must be host:port")


async def test_the_other_port_is_told_as_such(invoke: Invoke, tmp_path: Path) -> None:
    walk = write_walk(tmp_path / "walk.csv", 1)
    async with running_service(loopback_settings(state_dir=tmp_path / "state")) as service:
        token = ("--token", service.issue_token("operator"))
        for command, port in ((("replay", walk), service.control_address), (("try", *PLACE), service.data_address)):
            result = await asyncio.to_thread(invoke, *command, "--server", port, *token)
            assert result.exit_code == 2
            assert f"{port} does not know this call; is it the other port?" in result.stderr


@pytest.mark.parametrize("signal", ["kill", pytest.param("terminate", marks=pytest.mark.long)])
async def test_a_server_that_goes_away_during_a_replay(
    command: list[str], invoke: Invoke, tmp_path: Path, signal: str
) -> None:
    walk = write_walk(tmp_path / "walk.csv", 80_000)
    with serving(command, "--json", "--clock", "client") as server:
        assert server.stdout is not None
        address = json.loads(await asyncio.to_thread(server.stdout.readline))["data_address"]
        token = invoke("token", "dev", "--role", "operator").stdout.strip()
        replay = await asyncio.create_subprocess_exec(
            *command, "replay", str(walk), "--server", address, "--token", token,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert replay.stderr is not None
        assert (await replay.stderr.readline()).startswith(b"replay: ")
        getattr(server, signal)()
        out, error = await replay.communicate()
        _, server_error = await asyncio.to_thread(server.communicate)
    assert (replay.returncode, out) == (2, b"")
    assert b"the server went away after " in error.splitlines()[-1]
    for text in (error.decode(), re.sub(r'"timestamp": "[^"]*"', "", server_error)):
        assert "Traceback" not in text
        assert "47.0" not in text
        assert token not in text


async def test_a_reader_that_goes_away_is_no_error(command: list[str]) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c",
        "import os, subprocess, sys\n"
        "read, write = os.pipe()\n"
        "os.close(read)\n"
        "sys.exit(subprocess.run(sys.argv[1:], stdout=write).returncode)",
        *command, "config", "show",
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, error = await process.communicate()
    assert (process.returncode, error) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
async def test_an_output_that_cannot_be_written_is_one_line(command: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        process = await asyncio.create_subprocess_exec(
            *command, "config", "show", stdout=full, stderr=asyncio.subprocess.PIPE
        )
        _, error = await process.communicate()
    assert process.returncode == 2
    assert error.startswith(b"error: No space left on device")
    assert b"Traceback" not in error
