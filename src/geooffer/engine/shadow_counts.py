"""What a candidate policy's trial counted, and which of these numbers are told: none about few persons (privacy A4).

Nor one that follows from others: offers − lost + gained = the candidate's offers, and the shifts away from OFFERED are
what was lost. Where one of such a sum is about few, another one is kept back with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from geooffer.model.verdicts import OfferVerdict

FEW_PERSON_COUNT = 10
"""Numbers about fewer persons are not told."""
PERSON_COUNT_MAX = 100_000
"""So many affected persons are told apart; a slot each, in memory, until the trial ends."""
NOT_TOLD = -1
OFFERED = int(OfferVerdict.OFFERED)
Try = tuple[int, int]
"""(row, fence number)."""
Shift = tuple[int, int]
"""(verdict by the policy in force, by the candidate); 0 = no try."""


@dataclass(slots=True)
class Counts:
    """What was counted; persons by slot, as far as they have to be told apart."""

    pings: int = 0
    seen_pings: int = 0
    offers: int = 0
    candidate_offers: int = 0
    gained: int = 0
    lost: int = 0
    candidate_ns: int = 0
    """Deciding `pings` by the candidate; `base_ns`: `seen_pings` by the policy in force."""
    base_ns: int = 0
    shifts: Counter[Shift] = field(default_factory=Counter)
    """Tries by shift."""
    persons: dict[str | Shift, set[int]] = field(default_factory=dict)
    """Of each number, the persons behind it: all for 'affected', else as many as prove that they are not few."""

    def compare(
        self,
        before: dict[Try, tuple[int, int]],
        won_before: set[Try],
        after: dict[Try, tuple[int, int]],
        won_after: set[Try],
    ) -> None:
        """Count; tries are (verdict, person slot) by (ping, fence)."""
        self.offers += len(won_before)
        self.candidate_offers += len(won_after)
        self.gained += len(won_after - won_before)
        self.lost += len(won_before - won_after)
        for key in before.keys() | after.keys():
            (was, slot), (becomes, other) = before.get(key, (0, -1)), after.get(key, (0, -1))
            slot = max(slot, other)
            for name, is_behind in (
                ("offers", key in won_before),
                ("candidate_offers", key in won_after),
                ("gained", key in won_after and key not in won_before),
                ("lost", key in won_before and key not in won_after),
                ("affected", (key in won_before) != (key in won_after)),
            ):
                if is_behind:
                    self.note(name, slot)
            if was != becomes:
                self.shifts[was, becomes] += 1
                self.note((was, becomes), slot)

    def note(self, name: str | Shift, person_slot: int) -> None:
        """One person behind a number."""
        held = self.persons.setdefault(name, set())
        if len(held) < (PERSON_COUNT_MAX if name == "affected" else FEW_PERSON_COUNT):
            held.add(person_slot)

    def told(self, name: str | Shift, count: int) -> int:
        """The number, or NOT_TOLD where it is about few persons and not about none."""
        return count if count == 0 or len(self.persons.get(name, ())) >= FEW_PERSON_COUNT else NOT_TOLD

    def told_offers(self) -> dict[str, int]:
        """offers, candidate_offers, gained, lost; NOT_TOLD where a number is about few, or would give one away."""
        told = {name: self.told(name, getattr(self, name)) for name in ("offers", "candidate_offers", "gained", "lost")}
        if NOT_TOLD in told.values():
            told["offers"] = told["candidate_offers"] = NOT_TOLD
        return told

    def told_persons(self) -> int:
        """How many persons get an offer more, or one less."""
        return self.told("affected", len(self.persons.get("affected", ())))

    def told_shifts(self) -> list[tuple[Shift, int]]:
        """The shifts that may be told, sorted."""
        told = {shift: count for shift, count in self.shifts.items() if self.told(shift, count) != NOT_TOLD}
        for is_of_sum in (lambda shift: shift[0] == OFFERED, lambda shift: shift[1] == OFFERED):
            self._keep_back_another(told, is_of_sum)
        return sorted(told.items())

    def _keep_back_another(self, told: dict[Shift, int], is_of_sum: Callable[[Shift], bool]) -> None:
        """Where the shifts of a sum that are not told are about few persons together, one more is not told."""
        kept_back = [self.persons[shift] for shift in self.shifts if is_of_sum(shift) and shift not in told]
        rest = [shift for shift in told if is_of_sum(shift)]
        if kept_back and rest and len(set().union(*kept_back)) < FEW_PERSON_COUNT:
            del told[min(rest, key=lambda shift: (told[shift], shift))]
