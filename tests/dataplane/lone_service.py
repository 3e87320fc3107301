"""A service in a process of its own that does strange things when told; native_life tests talk to it.

argv: the plane. stdout: a JSON line with address and token, then a line for each order. stdin, an order a line:

    hold SECONDS    a thread keeps the GIL, in a C call that never gives it up; "held" is told before, "released" after
    figures         a JSON line: rows decided and acknowledged for, open streams
    end             drain and leave
    leave           let the interpreter end with all of it running, as an error in another part would
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import sys
import threading
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

from plane_stage import Plane, open_service  # noqa: E402

KEPT: list[object] = []
"""Never closed."""


def tell(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def hold(seconds: float) -> None:
    """`PyDLL` keeps the GIL in the call."""
    tell("held")
    ctypes.PyDLL(None).usleep(int(seconds * 1e6))
    tell("released")


async def obey(plane: Plane) -> bool:
    """Orders until one that ends it; whether that drains."""
    loop = asyncio.get_running_loop()
    while True:
        order = (await loop.run_in_executor(None, sys.stdin.readline)).split()
        if not order or order[0] == "end":
            return True
        if order[0] == "leave":
            return False
        if order[0] == "hold":
            threading.Thread(target=hold, args=(float(order[1]),)).start()
        else:
            statistics = plane.plane.statistics
            tell(json.dumps({"rows": statistics.rows, "messages": statistics.messages, "streams": statistics.streams}))


async def main() -> None:
    """Serve."""
    context = open_service(kind=sys.argv[1])
    plane = await context.__aenter__()
    tell(json.dumps({"address": plane.port.address, "token": plane.token("gateway")}))
    if await obey(plane):
        await context.__aexit__(None, None, None)
    else:
        KEPT.extend([context, plane])


if __name__ == "__main__":
    loop = asyncio.new_event_loop()
    loop.run_until_complete(main())
    if not KEPT:
        loop.close()
