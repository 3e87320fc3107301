"""The status a call really ended with.

grpc.aio loses it in a race: a write that fails because the service has just ended the call replaces the service's
status by INTERNAL "Internal error from Core" (grpc/grpc#36066, open as of 1.85). The done callback runs at the
moment each status is set, so that the real one can be caught before or after the false one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import grpc

SETTLE_S = 1.0
_FALSE_DETAILS = "Internal error from Core"


class FinalStatus:
    """Watches one call from its beginning."""

    def __init__(self, call: Any) -> None:
        self._real: grpc.aio.AioRpcError | None = None
        self._arrived = asyncio.Event()
        call.add_done_callback(self._note)

    async def of(self, failure: grpc.aio.AioRpcError) -> grpc.aio.AioRpcError:
        """`failure`, or the real status it stands in for; UNAVAILABLE where none ever came."""
        if not _is_false(failure.code(), failure.details()):
            return failure
        try:
            await asyncio.wait_for(self._arrived.wait(), SETTLE_S)
        except TimeoutError:
            nothing = grpc.aio.Metadata()
            lost = "the connection was lost"
            return grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, nothing, nothing, lost)
        assert self._real is not None
        return self._real

    def _note(self, call: Any) -> None:
        code, details = _at_once(call.code()), _at_once(call.details())
        if self._real is None and not _is_false(code, details):
            trailing = _at_once(call.trailing_metadata())
            self._real = grpc.aio.AioRpcError(code, grpc.aio.Metadata(), trailing, details)
            self._arrived.set()


def _is_false(code: grpc.StatusCode, details: str | None) -> bool:
    return code == grpc.StatusCode.INTERNAL and details == _FALSE_DETAILS


def _at_once(ready: Coroutine[Any, Any, Any]) -> Any:
    """The result of a coroutine that has nothing to wait for: the status of a call that is done."""
    try:
        ready.send(None)
    except StopIteration as result:
        return result.value
    ready.close()
    raise RuntimeError("a finished call has no status")
