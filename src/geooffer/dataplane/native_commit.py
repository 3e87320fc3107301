"""Winners of the workers' batches: judged, committed, held until durable, then handed back with their gates.

A worker has decided and consumed caps; nothing of a winner is told before Python has committed it. All of this runs on
the loop's thread. `Join.commit` takes the engine's lock, for as long as it writes what the matcher reads.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from geooffer.dataplane.native_answers import ToldMessage, ready_offer, told_message
from geooffer.dataplane.native_rows import DecidedBatch, MessageKey
from geooffer.engine.decisions import Decision
from geooffer.engine.engine import Engine
from geooffer.model import limits
from geooffer.rpc.durability import Durability
from geooffer.rpc.render import OfferRenderer
from geooffer.rpc.write_gate import WriteGate

if TYPE_CHECKING:
    from geooffer_native import Decided, Left, Plane

    from geooffer.engine.join import Join

_NS_PER_MS = 1_000_000
_NEVER_NS = 2**63 - 1


def _unseen(_decision: Decision, _is_sent: bool, _at_ns: int) -> None:
    """The hook of what nobody watches."""


class Commits:
    """Of one plane."""

    def __init__(
        self,
        engine: Engine,
        join: Join,
        native: Plane,
        durability: Durability,
        write_gate: WriteGate,
        *,
        real_now_ms: Callable[[], int],
        fail: Callable[[Exception], None],
    ) -> None:
        """`fail`: told of a fault while something is settled."""
        self._engine = engine
        self._join = join
        self._native = native
        self._durability = durability
        self._write_gate = write_gate
        self._real_now_ms = real_now_ms
        self._fail = fail
        self.on_left: Callable[[Decision, bool, int], None] = _unseen
        """Told of each offer whether it was sent, else taken back, and when, in ns on the plane's clock."""
        self._renderer = OfferRenderer()
        self._waiting: dict[int, Decision] = {}
        """By decision key: committed, and not durable yet."""
        self._given: dict[int, Decision] = {}
        """By decision key: with a worker, which says what became of them."""
        self._is_over = False
        self.held_offer_count = 0
        """Decided, and waiting for the journal."""
        self.late_count = 0
        """Winners whose budget was over before they could be committed, or that could not be written."""

    @property
    def given_count(self) -> int:
        """Offers with the workers."""
        return len(self._given)

    def take(self, crossing: Decided) -> None:
        """Commit a batch's winners and remember its tries; settle its held messages, those with offers once durable."""
        batch = DecidedBatch(crossing)
        decisions = self._join.commit(batch.outcome, batch.context_number, late_rows=self._late_rows(batch))
        decisions_of: dict[MessageKey, list[Decision]] = {}
        for decision in decisions:
            decisions_of.setdefault(batch.key_of_row(decision.row), []).append(decision)
        waiting: list[ToldMessage] = []
        for message in batch.held:
            own = decisions_of.pop(message.key, [])
            told = told_message(batch, message, own, self._engine)
            if own:
                waiting.append(told)
            else:
                self._native.settle(*message.key, told.fields, [])
        assert not decisions_of, "winners of a message that is not held"
        if waiting:
            self._settle_when_durable(batch, waiting, len(decisions))

    def _late_rows(self, batch: DecidedBatch) -> set[int]:
        won = batch.outcome.winners["row"].tolist()
        if not won:
            return set()
        # what cannot be written now, or is decided by a wrong time: silence, and her caps come back
        is_full = self.held_offer_count + len(won) > limits.HELD_OFFER_COUNT_MAX
        is_shut = self._is_over or self._engine.clock.is_far_ahead or is_full or self._write_gate.is_shut
        late = set(won) if is_shut else batch.late_rows(self._native.now_ns(), won)
        self.late_count += len(late)
        return late

    def _settle_when_durable(self, batch: DecidedBatch, waiting: list[ToldMessage], offer_count: int) -> None:
        ticket = self._engine.journal.appended
        self.held_offer_count += offer_count
        self._waiting.update((found[0].decision_key, found[0]) for told in waiting for found in told.decisions)

        def settled() -> None:
            self.held_offer_count -= offer_count
            try:
                if self._durability.is_durable(ticket) and not self._is_over:
                    self._hand_back(batch, waiting)
            except Exception as error:
                # whoever waits after this one must still learn how it went
                self._fail(error)
                raise

        self._durability.when_settled(ticket, settled)

    def _hand_back(self, batch: DecidedBatch, waiting: list[ToldMessage]) -> None:
        """Their records are durable: the offers may leave, if the gate lets them."""
        for told in waiting:
            offers = []
            for found in told.decisions:
                self._given[found[0].decision_key] = self._waiting.pop(found[0].decision_key)
                offers.append(ready_offer(batch, found, self._renderer, self._until_ns(found[0])))
            self._native.settle(*told.message.key, told.fields, offers)

    def _until_ns(self, decision: Decision) -> int:
        """When her consent changes by itself, on the plane's clock; the client clock stands still between pings."""
        clock = self._engine.clock
        now_ms = clock.now_ms(self._real_now_ms())
        until_ms = self._join.gate_until_ms(decision, now_ms)
        now_ns = self._native.now_ns()
        if until_ms <= now_ms:
            return now_ns - 1
        if clock.kind == "client":
            return _NEVER_NS
        return min(now_ns + (until_ms - now_ms) * _NS_PER_MS, _NEVER_NS)

    def left(self, crossing: Left) -> None:
        """Offers were sent, or taken back: then their caps come back, too."""
        for decision_key, is_sent, at_ns in crossing.offers:
            decision = self._given.pop(decision_key, None)
            if decision is None:
                continue
            self.on_left(decision, is_sent, at_ns)
            if not is_sent:
                self._engine.release(decision)

    def begin_end(self) -> None:
        """Every worker is joined: winners that still come are late, and nothing is handed back."""
        self._is_over = True

    def end(self) -> None:
        """All that was left behind was taken: offers nobody told of never left, and give their caps back. Raises
        JournalError.
        """
        for offers in (self._waiting, self._given):
            while offers:
                self._engine.release(offers.popitem()[1])
