"""A server whose disk refuses a write: all ends typed, it exits non-zero, the next one recovers."""

from __future__ import annotations

import asyncio
import errno
import json
import re
import resource
from collections.abc import Callable
from pathlib import Path

import apsw
import grpc
import pytest
from typer.testing import Result

from geooffer.cli.errors import EXIT_BAD_INPUT, EXIT_FAULT
from geooffer.cli.serve import is_disk_full
from geooffer.client import GeoofferClient, Ping
from geooffer.errors import JournalError
from geooffer.model.catalog import Store
from geooffer.v1 import ping_service_pb2 as pb
from serving import log_lines, serving

Invoke = Callable[..., Result]
TOLD_S = 20.0


def store(number: int) -> Store:
    return Store(f"s{number}", "Main Street", 473_000_000, 85_000_000, "Europe/Zurich", "24/7")


async def test_a_disk_that_refuses_a_write_ends_the_service_and_nothing_acknowledged_is_lost(
    command: list[str], invoke: Invoke, tmp_path: Path
) -> None:
    token = ""
    with serving(command, "--json", "--state-dir", str(tmp_path)) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        token = invoke("token", "dev", "--role", "operator", "--state-dir", tmp_path).stdout.strip()
        addresses = {"data_target": ready["data_address"], "control_target": ready["control_address"]}
        async with GeoofferClient(**addresses, token=token) as client:
            assert (await client.control.upsert_stores([store(1)])).accepted_count == 1
            call = client.open_call()
            await call.write(first_message())
            await call.read()
            # no file of that process may grow any more: the next commit meets it
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (1, 1))
            with pytest.raises(JournalError):
                await asyncio.wait_for(client.control.upsert_stores([store(2)]), TOLD_S)
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await asyncio.wait_for(call.read(), TOLD_S)
            assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
            assert "journal" in str(caught.value.details())
        _, err = process.communicate(timeout=TOLD_S)
        assert process.returncode == EXIT_FAULT, err
        failed = next(line for line in log_lines(err) if line["event"] == "service_failed")
        assert re.fullmatch(r"commit \d+ failed: \w+", failed["journal"])
        assert log_lines(err)[-1]["event"] == "stopped"
        assert log_lines(err)[-1]["failed"] is True
    with serving(command, "--json", "--state-dir", str(tmp_path)) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        async with GeoofferClient(control_target=ready["control_address"], token=token) as client:
            assert (await client.control.catalog_state()).store_count == 1
            assert (await client.control.upsert_stores([store(2)])).accepted_count == 1


def test_a_start_on_a_full_disk_is_worth_another_try_and_one_on_a_damaged_journal_is_not(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a supervisor told not to restart after code 2 leaves the service down when there is room again."""

    def full(*_: object, **_named: object) -> None:
        try:
            raise apsw.FullError("database or disk is full")
        except apsw.Error as error:
            raise JournalError("the journal does not open: FullError") from error

    serve = (
        "serve",
        "--state-dir",
        tmp_path,
        *(f"--{name}-address=127.0.0.1:0" for name in ("data", "control", "metrics")),
    )
    (tmp_path / "journal.sqlite3").write_bytes(b"no journal at all" * 1_000)
    assert invoke(*serve).exit_code == EXIT_BAD_INPUT
    monkeypatch.setattr("geooffer.cli.held_journal.recover", full)
    found = invoke(*serve)
    assert found.exit_code == EXIT_FAULT
    assert "the disk of the state directory is full" in found.stderr
    assert is_disk_full(OSError(errno.ENOSPC, "No space left on device"))
    assert not is_disk_full(OSError(errno.EIO, "Input/output error"))


def first_message() -> bytes:
    return pb.StreamPingsRequest(ping=Ping(47.0, 8.0, device_key=7).to_message()).SerializeToString()
