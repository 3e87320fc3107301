"""What a command asks the control port: from a command without a loop to an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from geooffer.cli.options import Access
    from geooffer.client import GeoofferControl

T = TypeVar("T")


def asked(server: str, access: Access, call: Callable[[GeoofferControl], Awaitable[T]]) -> T:
    """What `call` makes of the control port at --server. Raises what the service answers, and as cli/reach.py does."""
    from geooffer.cli.reach import reached

    async def ask() -> T:
        async with reached(server, access) as control:
            return await call(control)

    return asyncio.run(ask())
