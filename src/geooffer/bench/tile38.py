"""Tile38 beside us: the server from `TILE38_SERVER`, one core, nothing written to disk, a channel for each fence.

It is driven by native/load (protocol `resp`), which also hears all channels; here are the server's process and its
fences. `DETECT enter,exit` is the fair way: without it every fence is evaluated at every update.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from geooffer.bench.fence_loads import FenceWorld
from geooffer.bench.processes import BenchmarkError, pin
from geooffer.errors import ConfigurationError
from geooffer.model import units
from geooffer.model.shapes import Circle

SERVER_VARIABLE = "TILE38_SERVER"
ABSENT = f"Tile38 was absent ({SERVER_VARIABLE}=path of tile38-server): no ratio in this run"
COLLECTION = "fleet"
"""As in native/load/src/resp.rs."""
_READY_TIMEOUT_S = 20.0
_FENCE_TIMEOUT_S = 120.0
_COMMANDS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Tile38:
    """A server that listens and has its fences."""

    address: str
    pid: int
    version: str


def server_path() -> Path | None:
    """The program, if it was named. Raises ConfigurationError where it is no file."""
    named = os.environ.get(SERVER_VARIABLE)
    if not named:
        return None
    if not os.access(named, os.X_OK):
        raise ConfigurationError(f"{SERVER_VARIABLE} does not name a program")
    return Path(named)


@contextmanager
def running(program: Path, world: FenceWorld, core: int | None, directory: Path) -> Iterator[Tile38]:
    """Start it on one core and give it the world's fences. Raises BenchmarkError where it does not do as told."""
    port = _free_port()
    call = [
        str(program), "-h", "127.0.0.1", "-p", str(port), "-d", str(directory),
        "--appendonly", "no", "--http-transport", "no", "--protected-mode", "yes",
    ]  # fmt: skip
    one_core = os.environ | {"GOMAXPROCS": "1"}
    log = directory.with_suffix(".log")
    with log.open("wb") as written:
        server = subprocess.Popen(
            call, stdout=written, stderr=written, stdin=subprocess.DEVNULL, env=one_core, preexec_fn=lambda: pin(core)
        )
    try:
        with _connected(port, server) as link:
            version = _version(link)
            try:
                _tell_fences(link, world)
            except OSError as error:
                raise BenchmarkError(f"Tile38 did not take its fences: {type(error).__name__}") from error
        yield Tile38(f"127.0.0.1:{port}", server.pid, version)
    finally:
        server.kill()  # nothing of it is kept
        server.wait()


def channel_commands(world: FenceWorld) -> Iterable[list[str]]:
    """One channel for each fence."""
    for number, fence in enumerate(world.fences):
        beginning = ["SETCHAN", f"f{number}"]
        told = [COLLECTION, "FENCE", "DETECT", "enter,exit"]
        if isinstance(fence, Circle):
            middle = [f"{value / units.E7_PER_DEGREE:.7f}" for value in (fence.latitude_e7, fence.longitude_e7)]
            yield [*beginning, "NEARBY", *told, "POINT", *middle, str(fence.radius_cm / 100)]
        else:
            polygon = {"type": "Polygon", "coordinates": [world.outlines[number]]}
            yield [*beginning, "WITHIN", *told, "OBJECT", json.dumps(polygon)]


def packed(command: list[str]) -> bytes:
    """A command as Redis's protocol has it."""
    parts = [f"*{len(command)}\r\n".encode()]
    for word in command:
        data = word.encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
    return b"".join(parts)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _connected(port: int, server: subprocess.Popen[bytes]) -> socket.socket:
    """As soon as it listens."""
    end_s = time.monotonic() + _READY_TIMEOUT_S
    while time.monotonic() < end_s and server.poll() is None:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=_FENCE_TIMEOUT_S)
        except ConnectionRefusedError:
            time.sleep(0.05)
    raise BenchmarkError("Tile38 did not begin to listen")


def _version(link: socket.socket) -> str:
    """As it says itself; empty where it does not."""
    link.sendall(packed(["SERVER"]))
    reader = link.makefile("rb")
    count = int(reader.readline()[1:])
    words = []
    for _ in range(count):
        length = int(reader.readline()[1:])
        words.append(reader.read(length + 2)[:-2].decode())
    return dict(zip(words[::2], words[1::2], strict=False)).get("version", "")


def _tell_fences(link: socket.socket, world: FenceWorld) -> None:
    reader = link.makefile("rb")
    commands = list(channel_commands(world))
    for first in range(0, len(commands), _COMMANDS_AT_ONCE):
        part = commands[first : first + _COMMANDS_AT_ONCE]
        link.sendall(b"".join(map(packed, part)))
        for command in part:
            answer = reader.readline()
            if answer != b":1\r\n":
                raise BenchmarkError(f"Tile38 does not take the fence {command[1]}: {answer.decode().strip()}")
