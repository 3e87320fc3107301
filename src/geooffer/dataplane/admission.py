"""The queue between the streams and the engine: bounded in rows and bytes, oldest shed first (semantics D7).

A message carries its deadline from arrival. Once it has passed, the message is SHED: its rows are never
looked at, because a late offer is a wrong offer. When the queue is full, the oldest messages are shed to make
room: they are the ones closest to being late.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from geooffer.dataplane.stream import PingStream
from geooffer.model import limits
from geooffer.rpc.codec import PingMessage


@dataclass(frozen=True, slots=True)
class Budget:
    """How long a ping's answer is of use where the ping itself does not say."""

    default_ms: int = limits.DECISION_BUDGET_DEFAULT_MS
    """0 = for ever (with the client clock, semantics T0)."""

    def deadline_s(self, message: PingMessage, arrival_s: float) -> float:
        """On the clock of `arrival_s`; infinite without a budget."""
        budget_ms = message.budget_ms or self.default_ms
        return arrival_s + budget_ms / 1000 if budget_ms else math.inf


@dataclass(frozen=True, slots=True)
class QueuedMessage:
    """A decoded message waiting for the engine."""

    stream: PingStream
    sequence: int
    """Of the stream, from 1."""
    message: PingMessage
    deadline_s: float
    arrival_s: float = 0.0
    """On the clock of `deadline_s`."""
    arrival_ms: int = 0
    """The same moment in milliseconds since 1970, by the clock that rows are stamped with."""

    @property
    def size_bytes(self) -> int:
        """What it weighs in memory, about."""
        return len(self.message.rows) + len(self.message.fix_ages_ms) + limits.ADMISSION_MESSAGE_OVERHEAD_BYTES


class AdmissionQueue:
    """Messages in the order of arrival."""

    def __init__(
        self,
        row_count_max: float = limits.ADMISSION_QUEUE_ROW_COUNT_MAX,
        size_max_bytes: float = limits.ADMISSION_QUEUE_SIZE_MAX_BYTES,
    ) -> None:
        """Infinite bounds are for the control of `geooffer bench overload`, which is known to fail."""
        self._messages: deque[QueuedMessage] = deque()
        self._row_count_max = row_count_max
        self._size_max_bytes = size_max_bytes
        self.row_count = 0
        self.size_bytes = 0

    def __len__(self) -> int:
        """Messages waiting."""
        return len(self._messages)

    @property
    def oldest_arrival_s(self) -> float | None:
        """When the oldest message came; None where none waits. May be read from any thread."""
        try:
            return self._messages[0].arrival_s
        except IndexError:
            return None

    def put(self, item: QueuedMessage) -> list[QueuedMessage]:
        """Append; returns the messages that had to go for it, oldest first."""
        shed = []
        while self._messages and (
            self.row_count + item.message.row_count > self._row_count_max
            or self.size_bytes + item.size_bytes > self._size_max_bytes
        ):
            shed.append(self._pop())
        self._messages.append(item)
        self.row_count += item.message.row_count
        self.size_bytes += item.size_bytes
        return shed

    def take(self, now_s: float, row_count_max: int) -> tuple[list[QueuedMessage], list[QueuedMessage]]:
        """The oldest messages of together ≤ row_count_max rows, and those before them that came too late."""
        taken: list[QueuedMessage] = []
        shed: list[QueuedMessage] = []
        room = row_count_max
        while self._messages:
            item = self._messages[0]
            if item.deadline_s < now_s:
                shed.append(self._pop())
            elif item.message.row_count <= room:
                room -= item.message.row_count
                taken.append(self._pop())
            else:
                break
        return taken, shed

    def clear(self) -> None:
        """Forget everything."""
        self._messages.clear()
        self.row_count = self.size_bytes = 0

    def _pop(self) -> QueuedMessage:
        item = self._messages.popleft()
        self.row_count -= item.message.row_count
        self.size_bytes -= item.size_bytes
        return item
