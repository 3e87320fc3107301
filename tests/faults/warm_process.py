"""A process that has everything loaded and forks a `geooffer serve` on demand, so that hundreds of starts take minutes.

What the child runs is the command itself, from its arguments to its exit code, as a process of its own that may be
killed. Only imports and machine code were loaded before. Not a test: servers.py talks to it.

stdin, a JSON line each:   {"serve": [arguments], "out": path, "err": path, "plants": {…}, "file_size_max_bytes": n}
                           {"poll": pid}     {"wait": pid}
stdout, a JSON line each:  {"pid": n}        {"code": exit code, negative = signal, null = still running}
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import resource
import signal
import sys
import traceback
from typing import Any

FILE_MODE = 0o600
ROOMS = ("cli", "services", "dataplane", "rpc", "operation", "telemetry", "journal")


def load() -> None:
    """All that a server imports, and its machine code."""
    import pydantic_settings  # noqa: F401

    for room in ROOMS:
        package = importlib.import_module(f"geooffer.{room}")
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"geooffer.{room}.{module.name}")
    from geooffer.kernels.compile import compile_all

    compile_all()


def become_server(order: dict[str, Any]) -> int:
    """In the child: the command, with its output in files. Returns its exit code."""
    from plants import plant

    out = os.open(order["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE)
    err = os.open(order["err"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, FILE_MODE)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (out, 1), (err, 2)):
        os.dup2(source, target)
    size_max_bytes = order.get("file_size_max_bytes")
    if size_max_bytes is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # then a write beyond the limit fails, as on a full disk
        resource.setrlimit(resource.RLIMIT_FSIZE, (size_max_bytes, size_max_bytes))
    for name, argument in order.get("plants", {}).items():
        plant(name, argument)
    from geooffer.cli.main import main

    sys.argv = ["geooffer", "serve", *order["serve"]]
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0


def start(order: dict[str, Any]) -> int:
    """Fork; returns the child's process id."""
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        code = become_server(order)
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # noqa: BLE001  (nothing of the parent's may run in the child)
        traceback.print_exc()
    finally:
        os._exit(code)


def tell(answer: dict[str, Any]) -> None:
    """One answer."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def code_of(pid: int, options: int) -> int | None:
    """How a child ended, or None."""
    ended, status = os.waitpid(pid, options)
    return os.waitstatus_to_exitcode(status) if ended else None


def main() -> None:
    """Serve orders until stdin ends."""
    load()
    gc.collect()
    gc.freeze()
    tell({"pid": os.getpid()})
    for line in sys.stdin:
        order = json.loads(line)
        if "serve" in order:
            answer: dict[str, Any] = {"pid": start(order)}
        elif "poll" in order:
            answer = {"code": code_of(order["poll"], os.WNOHANG)}
        else:
            answer = {"code": code_of(order["wait"], 0)}
        tell(answer)


if __name__ == "__main__":
    main()
