"""The server's own witness: when which offer was handed to the transport, which record came into force; commits.

Of the Python plane it reads the very bytes an answer is written with, so whatever let an offer pass, it is seen. Of the
native plane its workers tell, of each offer, that it was written or taken back, and when: after the gate let it pass.
All moments are of time.perf_counter, which on Linux is one clock for all processes of a machine: they compare with a
caller's.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from geooffer.engine.decisions import Decision
from geooffer.model.records import DecisionRecord, DecisionReleased, Entry
from geooffer.rpc.answers import AnswerDraft
from geooffer.telemetry.observed import CommitHook, CommitObserved
from geooffer.v1 import ping_service_pb2 as pb

_OF_PINGS = (DecisionRecord, DecisionReleased)
LOOK_COUNT = 20
Encode = Callable[[Any, AnswerDraft], bytes]
Append = Callable[[Sequence[Entry]], int]
LeftHook = Callable[[Decision, bool, int], None]


@dataclass(slots=True)
class Watched:
    """What it saw."""

    left_s: array[float] = field(default_factory=lambda: array("d"))
    """When each offer was handed over; those of a worker ascending."""
    left_keys: array[int] = field(default_factory=lambda: array("q"))
    """To which device."""
    held_back_count: int = 0
    """Offers that were in an answer's draft and did not pass the send gate, or, of the native plane, were taken back
    with their stream."""
    records: list[tuple[float, tuple[str, ...]]] = field(default_factory=list)
    """When records that no ping made came into force, and their kinds."""
    commits: list[tuple[float, float]] = field(default_factory=list)
    """When the writing of each began, and when it was durable."""
    pauses_s: list[float] = field(default_factory=list)
    """How much later than asked the loop came round (bench/processes.watch_pauses)."""


class Watch:
    """To be put around a server's parts before it serves."""

    def __init__(self) -> None:
        self.seen = Watched()

    def encode(self, encode: Encode) -> Encode:
        """Around Gatherer.encode, whose bytes are written at once."""
        seen = self.seen

        def watched(stream: Any, draft: AnswerDraft) -> bytes:
            data = encode(stream, draft)
            if draft.offers:
                offers = pb.StreamPingsResponse.FromString(data).answer.offers
                now_s = time.perf_counter()
                for offer in offers:
                    seen.left_s.append(now_s)
                    seen.left_keys.append(offer.device_key)
                seen.held_back_count += len(draft.offers) - len(offers)
            return data

        return watched

    def left(self, now_ns: Callable[[], int]) -> LeftHook:
        """For Commits.on_left. `now_ns`: the plane's clock, which has a beginning of its own."""
        seen, begun_s = self.seen, _beginning_s(now_ns)

        def watched(decision: Decision, is_sent: bool, at_ns: int) -> None:
            if is_sent:
                seen.left_s.append(begun_s + at_ns / 1e9)
                seen.left_keys.append(decision.device_key)
            else:
                seen.held_back_count += 1

        return watched

    def append(self, append: Append) -> Append:
        """Around the journal's: a record is folded and appended in one go, no answer is made between the two."""
        seen = self.seen

        def watched(entries: Sequence[Entry]) -> int:
            ticket = append(entries)
            if entries and not isinstance(entries[0].record, _OF_PINGS):
                kinds = tuple(type(entry.record).__name__ for entry in entries)
                seen.records.append((time.perf_counter(), kinds))
            return ticket

        return watched

    def commit(self, on_commit: CommitHook) -> CommitHook:
        """Around the committer's hook, which is called on its thread."""
        seen = self.seen

        def watched(commit: CommitObserved) -> None:
            seen.commits.append((commit.started_ns / 1e9, commit.ended_ns / 1e9))
            on_commit(commit)

        return watched


def _beginning_s(now_ns: Callable[[], int]) -> float:
    """Where a clock of nanoseconds begins, on time.perf_counter's: by the look at both that took the least time."""
    looks = []
    for _ in range(LOOK_COUNT):
        before_s, found_ns, after_s = time.perf_counter(), now_ns(), time.perf_counter()
        looks.append((after_s - before_s, before_s - found_ns / 1e9))
    return min(looks)[1]
