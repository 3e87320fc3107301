"""A commit as every store keeps it: LSN, hash and payload, chained so that a hole or a change is found.

hash(n) = BLAKE2b-256(hash(n − 1) ‖ n ‖ payload(n) as written)        hash(0) = 32 zero bytes
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from geooffer.errors import JournalError

HASH_SIZE_BYTES = 32
GENESIS_HASH = bytes(HASH_SIZE_BYTES)


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the chain: the latest commit that is part of it, and the hash up to there."""

    lsn: int = 0
    hash: bytes = GENESIS_HASH


@dataclass(frozen=True, slots=True)
class Commit:
    """What was made durable at once."""

    position: Position
    payload: bytes
    """`frames.encode_entries` of its entries."""
    sealed: bytes | None = field(default=None, compare=False)
    """What was written of it where that is encrypted (journal/keyring.py)."""

    @property
    def written(self) -> bytes:
        """What the chain runs over."""
        return self.payload if self.sealed is None else self.sealed


def follow(previous: Position, payload: bytes) -> Position:
    """The position after one more commit."""
    lsn = previous.lsn + 1
    hasher = hashlib.blake2b(previous.hash, digest_size=HASH_SIZE_BYTES)
    hasher.update(lsn.to_bytes(8, "little"))
    hasher.update(payload)
    return Position(lsn, hasher.digest())


def checked(previous: Position, commit: Commit) -> Position:
    """The position of `commit`, which has to follow `previous`. Raises JournalError where it does not."""
    expected = follow(previous, commit.written)
    if commit.position.lsn != expected.lsn:
        raise JournalError(f"the journal has a gap: commit {expected.lsn} expected, {commit.position.lsn} found")
    if commit.position.hash != expected.hash:
        raise JournalError(f"the journal is damaged at commit {expected.lsn}: its hash does not follow")
    return expected


class CommitStore(Protocol):
    """Where commits are kept; one writer. All implementations pass tests/journal/store_conformance.py."""

    @property
    def base(self) -> Position:
        """What was truncated: the position before the first commit kept."""

    @property
    def last(self) -> Position:
        """The latest commit."""

    def append(self, payload: bytes, expected_lsn: int) -> Position:
        """Make one durable commit; `expected_lsn` is the latest the writer knows (a fence against a second writer).

        Raises JournalError: for good where a write failed (nothing may be appended after it), for this call alone
        where `expected_lsn` was wrong.
        """

    def read(self, after_lsn: int | None = None) -> Iterator[Commit]:
        """Commits after `after_lsn` (default: all kept), each checked against the chain.

        Raises JournalError, saying where, for damage, and where commit `after_lsn` is not kept and is not the base.
        """

    def truncate(self, up_to: Position) -> None:
        """Forget commits up to and including this one; a snapshot holds what they said. Raises JournalError where the
        chain never was at this position.
        """

    def truncate_step(self, up_to: Position) -> bool:
        """Do a part of `truncate` that no commit minds waiting for; True when nothing is left to do."""

    @property
    def is_tidy(self) -> bool:
        """`tidy` would do nothing."""

    def tidy(self, *, idle: bool) -> None:
        """Keep bounded what grows beside the commits; `idle` = nobody waits for a commit now. Between commits only."""

    def close(self) -> None:
        """Give back files and locks."""
