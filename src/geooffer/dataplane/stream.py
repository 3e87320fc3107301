"""One stream's state between its reader, the gatherer and its writer. All three run on one loop: no lock.

reader ── read ──► submit ──► gatherer ── decided ──► drafts ──► writer
   ▲                                                              │
   └────────────── room: few undecided rows, few unsent drafts ◄──┘
"""

from __future__ import annotations

import asyncio
from collections import deque

from geooffer.model import limits
from geooffer.rpc.answers import DRAFT_WEIGHT_MAX, VISIBILITY, AnswerDraft
from geooffer.rpc.auth import Identity
from geooffer.rpc.codec import Sender

UNSENT_DRAFT_COUNT_MAX = 8


class PingStream:
    """A ping stream, or the single exchange of IngestPings (number 0)."""

    def __init__(self, number: int, identity: Identity) -> None:
        self.number = number
        self.identity = identity
        self.visibility = VISIBILITY[identity.role]
        self.sender = Sender(
            own_key=identity.device_key or 0,
            key_ranges=tuple((int(low), int(high)) for low, high in identity.device_key_ranges),
        )
        self.read_count = 0
        """Messages read so far; the sequence of the latest."""
        self.location_wanted = True
        self.catalog_generation = 0
        self.end_error: BaseException | None = None
        self.closed = False
        """Nobody will take drafts any more."""
        self._acknowledged = 0
        self._undecided_rows = 0
        self._held: deque[int] = deque()
        self._drafts: deque[AnswerDraft] = deque()
        self._reading_over = False
        self._abandoned = False
        self._reader: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._decided = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    # -- the reader's side -----------------------------------------------------------------------------------

    def set_reader(self, reader: asyncio.Task[None]) -> None:
        """The task to cancel when reading has to stop."""
        self._reader = reader
        if self._reading_over:
            reader.cancel()

    async def wait_for_room(self) -> None:
        """Return once another message may be read."""
        await self._room.wait()

    async def wait_until_decided(self) -> None:
        """Return once all that was read is decided, and its answers wait for nothing but the socket."""
        while self._undecided_rows:
            self._decided.clear()
            await self._decided.wait()

    def read(self, row_count: int) -> int:
        """Count a message in; returns its sequence."""
        self.read_count += 1
        self._undecided_rows += row_count
        self._check_room()
        return self.read_count

    def stop_reading(self, error: BaseException | None = None) -> None:
        """No more messages. What was read is decided and answered; then the stream ends with `error`."""
        if self._reading_over:
            return
        self._reading_over = True
        self.end_error = error
        if self._reader is not None:
            self._reader.cancel()
        self._wake.set()

    # -- the gatherer's side ---------------------------------------------------------------------------------

    def decided(self, sequence: int, row_count: int) -> None:
        """A message was decided; its answer may go. Of one moment, shed messages come before decided ones."""
        self._undecided_rows -= row_count
        if not self._undecided_rows:
            self._decided.set()
        self._acknowledged = max(self._acknowledged, sequence)
        if not self._held:
            self.draft()
        self._tell_acknowledged()

    def hold(self, sequence: int) -> None:
        """A message has offers whose records are not durable yet. It is not acknowledged before they are told; what
        else was decided meanwhile is told at once.
        """
        self._held.append(sequence)
        for draft in self._drafts:  # of the same moment: later messages that were shed
            draft.acknowledged = min(draft.acknowledged, self._tellable)

    def settled(self, sequence: int) -> None:
        """The offers of a held message are in the draft, or will never be."""
        self._held.remove(sequence)
        self.draft()
        self._tell_acknowledged()

    def _tell_acknowledged(self) -> None:
        if self._drafts:
            self._drafts[-1].acknowledged = self._tellable
        self._check_room()
        self._wake.set()

    @property
    def _tellable(self) -> int:
        """The latest message up to which all was decided and no offer is held back."""
        return min(self._acknowledged, self._held[0] - 1) if self._held else self._acknowledged

    def draft(self) -> AnswerDraft:
        """The draft to add to. A full one is followed by another, which then carries the acknowledgement."""
        if not self._drafts or self._drafts[-1].weight >= DRAFT_WEIGHT_MAX:
            self._drafts.append(AnswerDraft(self._tellable))
        return self._drafts[-1]

    def wake(self) -> None:
        """There is something to tell without a message decided (transitions of a sweep)."""
        self._check_room()
        self._wake.set()

    def abandon(self) -> None:
        """What was read will never be decided (the plane has a fault). Nobody waits for what is held, and it stays
        unacknowledged.
        """
        self._undecided_rows = 0
        self._abandoned = True
        self._decided.set()
        self._wake.set()

    # -- the writer's side -----------------------------------------------------------------------------------

    @property
    def finished(self) -> bool:
        """Everything read was decided and taken for sending, and no more will be read."""
        return self._reading_over and self.decided_all and not self._drafts

    @property
    def decided_all(self) -> bool:
        """Everything read so far was decided, and its offers are durable; or no more ever will be."""
        return not self._undecided_rows and (self._abandoned or not self._held)

    async def wait(self) -> None:
        """Return when there may be a draft, or the stream may be finished."""
        await self._wake.wait()
        self._wake.clear()

    def take_draft(self) -> AnswerDraft | None:
        """The oldest unsent draft, if any."""
        if not self._drafts:
            return None
        draft = self._drafts.popleft()
        self._check_room()
        return draft

    def take_whole(self) -> AnswerDraft:
        """All drafts as one, for a call that has one answer."""
        whole = self._drafts.popleft()
        while self._drafts:
            part = self._drafts.popleft()
            whole.acknowledged = part.acknowledged
            whole.rejected_rows += part.rejected_rows
            whole.shed_messages += part.shed_messages
            whole.transitions += part.transitions
            whole.tries += part.tries
            whole.offers += part.offers
            whole.next_pings += part.next_pings
        return whole

    def close(self) -> list[AnswerDraft]:
        """The stream is over; returns the drafts that never left."""
        self.stop_reading()
        self.closed = True
        unsent = list(self._drafts)
        self._drafts.clear()
        return unsent

    def _check_room(self) -> None:
        free = limits.STREAM_QUEUE_ROW_COUNT_MAX - self._undecided_rows
        if free >= limits.PING_BATCH_ROW_COUNT_MAX and len(self._drafts) < UNSENT_DRAFT_COUNT_MAX:
            self._room.set()
        else:
            self._room.clear()
