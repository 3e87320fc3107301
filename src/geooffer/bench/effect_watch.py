"""The server's own witness: when which offer was handed to the transport, which record came into force; commits.

It reads the very bytes an answer is written with, so whatever let an offer pass, it is seen. All moments are of
time.perf_counter, which on Linux is one clock for all processes of a machine: they compare with a caller's.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from geooffer.model.records import DecisionRecord, DecisionReleased, Entry
from geooffer.rpc.answers import AnswerDraft
from geooffer.telemetry.observed import CommitHook, CommitObserved
from geooffer.v1 import ping_service_pb2 as pb

_OF_PINGS = (DecisionRecord, DecisionReleased)
Encode = Callable[[Any, AnswerDraft], bytes]
Append = Callable[[Sequence[Entry]], int]


@dataclass(slots=True)
class Watched:
    """What it saw."""

    left_s: array[float] = field(default_factory=lambda: array("d"))
    """When each offer was handed over, ascending."""
    left_keys: array[int] = field(default_factory=lambda: array("q"))
    """To which device."""
    held_back_count: int = 0
    """Offers that were in an answer's draft and did not pass the send gate."""
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
