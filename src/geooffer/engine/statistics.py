"""Counters since start-up, without anything of a person in them."""

from __future__ import annotations

from collections import Counter

import numpy as np

from geooffer.model.columns import Int64Array, Outcome, StructArray
from geooffer.model.context import OFFER_VERDICT_COUNTS, PING_VERDICT_COUNTS, TRANSITION_COUNTS
from geooffer.model.kinds import OutcomeKind
from geooffer.model.verdicts import OfferVerdict, PingVerdict, TransitionKind


class Statistics:
    """What happened so far, by verdict and kind."""

    def __init__(self) -> None:
        self.ping_verdicts: Counter[PingVerdict] = Counter()
        self.offer_verdicts: Counter[OfferVerdict] = Counter()
        self.transitions: Counter[TransitionKind] = Counter()
        self.offers = 0
        """Committed, less those that gave their caps back."""
        self.tries: Counter[OfferVerdict] = Counter()
        """By the verdict the matcher gave; these only grow, unlike `offer_verdicts`."""
        self.retracted: Counter[OfferVerdict] = Counter()
        """Winners taken back, by the verdict they got instead."""
        self.committed_offers = 0
        self.committed_shadow_offers = 0
        self.outcomes: Counter[OutcomeKind] = Counter()

    def count(self, outcome: Outcome) -> None:
        """Add one step. Winners are counted when committed."""
        for verdict, count in enumerate(np.bincount(outcome.verdicts).tolist()):
            if count:
                self.ping_verdicts[PingVerdict(verdict)] += count
        for verdict, count in enumerate(np.bincount(outcome.tries["verdict"]).tolist()):
            if count:
                self.offer_verdicts[OfferVerdict(verdict)] += count
                self.tries[OfferVerdict(verdict)] += count
        self.count_transitions(outcome.transitions)

    def take(self, marks: Int64Array) -> None:
        """Add what native workers counted (model/context.py), and have them begin anew; with the engine's lock held."""
        for first, kind, counters in (
            (PING_VERDICT_COUNTS, PingVerdict, (self.ping_verdicts,)),
            (OFFER_VERDICT_COUNTS, OfferVerdict, (self.offer_verdicts, self.tries)),
            (TRANSITION_COUNTS, TransitionKind, (self.transitions,)),
        ):
            for item in kind:
                count = int(marks[first + item])
                if count:
                    for counter in counters:
                        counter[item] += count  # type: ignore[index]
        marks[PING_VERDICT_COUNTS:] = 0

    def count_transitions(self, transitions: StructArray) -> None:
        """Add transitions of a step or a sweep."""
        for kind, count in enumerate(np.bincount(transitions["kind"]).tolist()):
            if count:
                self.transitions[TransitionKind(kind)] += count

    def recount(self, was: OfferVerdict, becomes: OfferVerdict) -> None:
        """A try that had won gave its offer back."""
        self.offer_verdicts[was] -= 1
        self.offer_verdicts[becomes] += 1
        self.retracted[becomes] += 1

    def count_committed(self, *, offer_count: int, shadow_count: int) -> None:
        """Add winners whose records were appended."""
        self.offers += offer_count
        self.committed_offers += offer_count
        self.committed_shadow_offers += shadow_count

    def count_unseen(self, *, malformed_count: int, shed_count: int) -> None:
        """Add pings that the data plane dropped before the engine saw them."""
        self.ping_verdicts[PingVerdict.MALFORMED] += malformed_count
        self.ping_verdicts[PingVerdict.SHED] += shed_count
