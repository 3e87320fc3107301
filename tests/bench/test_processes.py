"""Processes of a benchmark: what they say when something goes wrong, and when they end."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from threading import Thread

import pytest

from geooffer.bench.processes import (
    END_TIMEOUT_S,
    BenchmarkError,
    ReadyServer,
    cpu_seconds,
    listen_until_closed,
    process,
    receive,
    resident_bytes,
    run_client,
    run_server,
)
from geooffer.errors import ConfigurationError

Pipes = tuple[Connection, Connection]


@pytest.fixture
def pipes() -> Iterator[Pipes]:
    """(the one who measures, the process)."""
    parent, child = Pipe()
    with parent, child:
        yield parent, child


async def double(plan: int) -> int:
    return 2 * plan


async def break_off(plan: int) -> int:
    raise ConnectionError(f"after {plan}")


async def refuse() -> None:
    raise ConfigurationError("no such plane")


def measure_in_a_process(pipe: Connection, core: int | None) -> None:
    run_client(pipe, core, double)


def end_at_once(pipe: Connection, plan: None) -> None:
    """Says nothing."""


def test_a_client_is_told_its_plan_and_sends_what_it_measured() -> None:
    with process(measure_in_a_process, None) as (pipe, client):
        pipe.send(21)
        assert receive(pipe, client, END_TIMEOUT_S) == 42
        client.join(END_TIMEOUT_S)
    assert client.exitcode == 0


def test_a_client_without_a_plan_ends() -> None:
    with process(measure_in_a_process, None) as (_, client):
        pass
    assert client.exitcode == 0


def test_a_process_that_ends_early_is_told() -> None:
    with process(end_at_once, None) as (pipe, ended), pytest.raises(ConfigurationError, match="ended early"):
        receive(pipe, ended, END_TIMEOUT_S)


def test_what_breaks_a_client_off_comes_instead_of_its_result(pipes: Pipes) -> None:
    parent, child = pipes
    parent.send(3)
    run_client(child, None, break_off)
    with pytest.raises(BenchmarkError, match="ConnectionError: after 3"):
        receive(parent, None, END_TIMEOUT_S)


def test_what_stands_in_a_servers_way_is_told(pipes: Pipes) -> None:
    parent, child = pipes
    run_server(child, None, refuse)
    with pytest.raises(BenchmarkError, match="no such plane"):
        receive(parent, None, END_TIMEOUT_S)


def test_silence_is_told(pipes: Pipes) -> None:
    with pytest.raises(ConfigurationError, match="in time"):
        receive(pipes[0], None, 0.0)


def test_a_server_reports_when_asked_until_its_pipe_closes(pipes: Pipes) -> None:
    parent, child = pipes
    reports = iter((1, 2))
    serving = listen_until_closed(child, "127.0.0.1:7430", ["t"], lambda: next(reports))
    thread = Thread(target=asyncio.run, args=(serving,))
    thread.start()
    assert receive(parent, None, END_TIMEOUT_S) == ReadyServer("127.0.0.1:7430", ["t"], os.getpid())
    for expected in (1, 2):
        parent.send("report")
        assert receive(parent, None, END_TIMEOUT_S) == expected
    parent.close()
    thread.join(END_TIMEOUT_S)
    assert not thread.is_alive()


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="this system does not tell")
def test_what_a_process_uses_is_told_and_nothing_of_one_that_is_not_there() -> None:
    assert resident_bytes(os.getpid()) > 1_000_000
    assert cpu_seconds(os.getpid()) > 0
    assert (resident_bytes(0), cpu_seconds(0)) == (0, 0.0)
