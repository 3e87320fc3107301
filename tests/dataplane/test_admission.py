"""The queue: order, bounds, and who is shed."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from geooffer.dataplane.admission import AdmissionQueue, Budget, QueuedMessage
from geooffer.dataplane.stream import PingStream
from geooffer.rpc.auth import Identity
from geooffer.rpc.codec import PingMessage

STREAM = PingStream(1, Identity("gateway", "gw", None, np.zeros((0, 2), np.int64), math.inf))


def queued(sequence: int, row_count: int = 1, deadline_s: float = math.inf) -> QueuedMessage:
    return QueuedMessage(STREAM, sequence, PingMessage(row_count, b"", b"", 0), deadline_s)


def sequences(items: list[QueuedMessage]) -> list[int]:
    return [item.sequence for item in items]


def test_a_budget_counts_from_arrival_and_its_default_may_be_none() -> None:
    named = PingMessage(1, b"", b"", 80)
    unnamed = PingMessage(1, b"", b"", 0)
    assert Budget(50).deadline_s(named, 10.0) == 10.08
    assert Budget(50).deadline_s(unnamed, 10.0) == 10.05
    assert Budget(0).deadline_s(unnamed, 10.0) == math.inf


def test_messages_are_taken_in_order_and_never_cut() -> None:
    queue = AdmissionQueue()
    for sequence, count in ((1, 600), (2, 500), (3, 10)):
        assert queue.put(queued(sequence, count)) == []
    assert sequences(queue.take(0.0, 1_024)[0]) == [1]
    assert sequences(queue.take(0.0, 1_024)[0]) == [2, 3]
    assert queue.row_count == 0


def test_late_messages_are_shed_and_do_not_take_room() -> None:
    queue = AdmissionQueue()
    for sequence, deadline_s in ((1, 5.0), (2, 1.0), (3, 5.0)):
        queue.put(queued(sequence, 500, deadline_s))
    taken, shed = queue.take(2.0, 1_024)
    assert (sequences(taken), sequences(shed)) == ([1, 3], [2])


def test_a_full_queue_sheds_its_oldest() -> None:
    queue = AdmissionQueue(row_count_max=100)
    queue.put(queued(1, 60))
    queue.put(queued(2, 30))
    assert sequences(queue.put(queued(3, 20))) == [1]
    assert queue.row_count == 50


def test_a_queue_full_of_bytes_sheds_its_oldest_too() -> None:
    one = queued(1).size_bytes
    queue = AdmissionQueue(size_max_bytes=2 * one)
    assert [sequences(queue.put(queued(sequence))) for sequence in range(1, 5)] == [[], [], [1], [2]]
    assert (queue.row_count, queue.size_bytes) == (2, 2 * one)
    queue.take(0.0, 10)
    assert queue.size_bytes == 0
    queue.put(queued(9))
    queue.clear()
    assert queue.size_bytes == 0


@given(st.lists(st.tuples(st.integers(1, 50), st.sampled_from([1.0, math.inf])), max_size=60))
def test_every_message_comes_out_once_in_order(items: list[tuple[int, float]]) -> None:
    queue = AdmissionQueue(row_count_max=200)
    out: list[QueuedMessage] = []
    for sequence, (count, deadline_s) in enumerate(items):
        out += queue.put(queued(sequence, count, deadline_s))
        assert queue.row_count <= 200
    decided: list[int] = []
    while queue.row_count:
        taken, shed = queue.take(2.0, 64)
        assert sum(item.message.row_count for item in taken) <= 64
        decided += sequences(taken)
        out += shed
    assert decided == sorted(decided)
    assert sorted(sequences(out) + decided) == list(range(len(items)))
