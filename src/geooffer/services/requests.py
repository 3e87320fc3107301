"""Idempotency by `request_id`: the first answer to a request is given again, not worked out again."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, TypeVar

from google.protobuf.message import Message

from geooffer.errors import InvalidArgumentError, OverloadedError
from geooffer.model import limits
from geooffer.rpc import checks

REMEMBERED_MS = 10 * 60_000
REMEMBERED_COUNT_MAX = 10_000

R = TypeVar("R", bound=Message)
Key = tuple[str, str, str]
"""(caller's subject, method, request id)."""


class _Answer(NamedTuple):
    digest: bytes
    time_ms: int
    future: asyncio.Future[Any]


class RequestMemory:
    """Answers of the last 10 minutes, at most 10,000, in memory only. Failed calls are not remembered."""

    def __init__(self, real_now_ms: Callable[[], int]) -> None:
        self._real_now_ms = real_now_ms
        self._answers: dict[Key, _Answer] = {}

    async def once(self, key: Key, request: Message, call: Callable[[], Awaitable[R]]) -> R:
        """`await call()`, or what it returned for this key before. An empty request id is never remembered.

        Raises InvalidArgumentError where the same id comes with another request.
        """
        request_id = checks.text(key[2], "request_id", length_max=limits.ID_LENGTH_MAX)
        if not request_id:
            return await call()
        self._forget()
        digest = hashlib.blake2b(request.SerializeToString(deterministic=True), digest_size=16).digest()
        known = self._answers.get(key)
        if known is not None:
            answered: R = await _again(known, digest)
            return answered
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._answers[key] = _Answer(digest, self._real_now_ms(), future)
        try:
            answer = await call()
        except BaseException:
            # a retry must work; whoever waits for this one is told to retry
            self._answers.pop(key, None)
            future.cancel()
            raise
        future.set_result(answer)
        return answer

    def _forget(self) -> None:
        """Drop what is too old, or too much: insertion order is order of age."""
        oldest_ms = self._real_now_ms() - REMEMBERED_MS
        while self._answers:
            key = next(iter(self._answers))
            if self._answers[key].time_ms > oldest_ms and len(self._answers) < REMEMBERED_COUNT_MAX:
                return
            del self._answers[key]


async def _again(known: _Answer, digest: bytes) -> Any:
    if known.digest != digest:
        raise InvalidArgumentError("this request_id was used for another request", field="request_id")
    # wait, not await: the first call's cancellation must not look like this call's
    await asyncio.wait([known.future])
    if known.future.cancelled():
        raise OverloadedError("the first call of this request_id failed; retry")
    answer: Any = known.future.result()
    return answer
