"""Idempotency by `request_id`: the first answer is given again, not worked out again, also after a restart.

    call ──► effect ┐
                    ├─ one commit ──► durable ──► answer          a crash leaves both or none
    RequestAnswered ┘

Of caller, method, id and request only keyed hashes are kept. What answers again is the answer itself where it is of the
catalog; an answer about one person lies in her partition and holds no more than what its decision does not tell.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from typing import Any, Generic, NamedTuple, TypeVar

from google.protobuf import message_factory
from google.protobuf.message import Message

from geooffer.engine.engine import Engine
from geooffer.errors import InvalidArgumentError, OverloadedError
from geooffer.model import limits
from geooffer.model.records import RequestAnswered
from geooffer.rpc import checks

R = TypeVar("R", bound=Message)
Key = tuple[str, str, str]
"""(caller's subject, method, request id)."""


class Remembered(NamedTuple):
    """What a call leaves of its answer (model/records.py: RequestAnswered)."""

    person_key: int | None
    answer: bytes
    decision_key: int = -1


class Memory(Generic[R]):
    """How an answer is remembered and given again: here whole, as the catalog's are."""

    def __init__(self, request: Any) -> None:
        self._request = request

    def remembered(self, answer: R) -> Remembered:
        """What to keep of it."""
        return Remembered(None, answer.SerializeToString())

    def again(self, record: RequestAnswered) -> R:
        """The answer, of what was kept."""
        descriptor = self._request.DESCRIPTOR
        name = descriptor.name.removesuffix("Request") + "Response"
        kind: Any = message_factory.GetMessageClass(descriptor.file.message_types_by_name[name])
        answer: R = kind.FromString(record.answer)
        return answer


class _Running(NamedTuple):
    digest: bytes
    ended: asyncio.Future[bool]
    """Whether it was answered."""


class RequestMemory:
    """Answers of the last 14 days, in the engine's state. Failed calls are not remembered."""

    def __init__(self, engine: Engine, now_ms: Callable[[], int]) -> None:
        self._engine = engine
        self._now_ms = now_ms
        self._running: dict[bytes, _Running] = {}

    async def once(
        self, key: Key, request: Message, call: Callable[[], Awaitable[R]], memory: Memory[R] | None = None
    ) -> R:
        """`await call()`, or what it returned for this key before. An empty request id is never remembered.

        Raises InvalidArgumentError where the same id comes with another request, OverloadedError where the first call,
        still running when this one came, failed.
        """
        request_id = checks.text(key[2], "request_id", length_max=limits.ID_LENGTH_MAX)
        if not request_id:
            return await call()
        memory = memory or Memory(request)
        hashed = self._engine.keyed_hash(*(part.encode() for part in key))
        digest = self._engine.keyed_hash(request.SerializeToString(deterministic=True))
        running = self._running.get(hashed)
        if running is not None:
            _check(running.digest, digest)
            # wait, not await: that call's cancellation must not look like this call's
            await asyncio.wait([running.ended])
            if not running.ended.result():
                raise OverloadedError("the first call of this request_id failed; retry")
        record = self._held(hashed)
        if record is not None:
            _check(record.request_digest, digest)
            return memory.again(record)
        self._running[hashed] = _Running(digest, asyncio.get_running_loop().create_future())
        answered = False
        try:
            answer = await _InOneCommit(self._engine, call(), lambda told: self._keep(hashed, digest, memory, told))
            answered = True
            return answer
        finally:
            self._running.pop(hashed).ended.set_result(answered)

    def _held(self, hashed: bytes) -> RequestAnswered | None:
        record = self._engine.state.requests.find(hashed)
        if record is None or record.time_ms < self._now_ms() - limits.REQUEST_RETENTION_MS:
            return None
        return record

    def _keep(self, hashed: bytes, digest: bytes, memory: Memory[R], answer: R) -> None:
        person_key, kept, decision_key = memory.remembered(answer)
        record = RequestAnswered(person_key, hashed, digest, self._now_ms(), kept, decision_key)
        self._engine.append([record])


class _InOneCommit(Generic[R]):
    """Awaits a call so that what it appends without waiting is one commit: the last of it together with the answer.

    A call that gives way in between (large batches) commits as it goes; a crash then finds a part of it and no answer,
    and the retry does all of it again.
    """

    def __init__(self, engine: Engine, call: Awaitable[R], keep: Callable[[R], None]) -> None:
        self._engine = engine
        self._call = call
        self._keep = keep

    def __await__(self) -> Generator[Any, None, R]:
        steps: Any = self._call.__await__()
        error: BaseException | None = None
        while True:
            with self._engine.as_one_commit():
                try:
                    waits_for = steps.send(None) if error is None else steps.throw(error)
                except StopIteration as end:
                    answer: R = end.value
                    self._keep(answer)
                    return answer
            error = None
            try:
                yield waits_for
            except BaseException as thrown:  # noqa: BLE001  (a cancellation, too, belongs to the call)
                error = thrown


def _check(first: bytes, digest: bytes) -> None:
    if first != digest:
        raise InvalidArgumentError("this request_id was used for another request", field="request_id")
