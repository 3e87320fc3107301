"""What the journal of a simulated life is given: each effect of a request, and where a person ends. Not a test."""

from __future__ import annotations

from typing import NamedTuple

import sim_town as town
from ledger import Ledger, Violation
from sim_service import ErasureFile

from geooffer.engine.decisions import decision_id
from geooffer.model.catalog import Audience
from geooffer.model.keys import person_key
from geooffer.model.records import CustomerDeleted, NounPut, Record, RequestAnswered, StoresSwitched

DECISION_KEY = b"simulation"


class Asked(NamedTuple):
    """A decision, and about whom it was when it was made."""

    decision_key: int
    name: str
    tag: str
    names: frozenset[str]


def name_of(key: int) -> str:
    """The name that a person's key was made of."""
    return next(name for name in town.NAMES if person_key(name) == key)


class Effects:
    """Told to the ledger record by record."""

    def __init__(self, ledger: Ledger, erasure_file: ErasureFile) -> None:
        self.asked: dict[str, Asked] = {}
        """Decisions that were asked for with a request id, by their public ids."""
        self.erasure_count = 0
        self._ledger = ledger
        self._erasure_file = erasure_file
        self._answers: dict[str, str] = {}
        """Effect → the answer that is remembered with it: a crash leaves both or none."""
        self._before = ""
        """The effect whose answer comes next."""

    def seen(self, ticket: int, record: Record) -> None:
        """Of an append. Raises Violation."""
        call = self._ledger.call
        match record:
            case CustomerDeleted(key):
                self.erasure_count += 1
                call(ticket, "erased", name_of(key))
                for erasure_id in self._erasure_file.begun():
                    call(ticket, "carried_out", erasure_id)
            case RequestAnswered(person, request_key):
                if person is not None and record.decision_key >= 0:
                    self._asked(name_of(person), record.decision_key)
                if self._before:
                    self._answers[self._before], self._before = request_key.hex(), ""
                call(ticket, "effect", request_key.hex())
            case StoresSwitched(reason=effect) | NounPut(Audience(effect)) if effect != town.LIST:
                self._before = effect
                call(ticket, "effect", effect)

    def _asked(self, name: str, key: int) -> None:
        """Who she is now is what her caps were judged by, however late the answer is heard."""
        known = self._ledger.known
        self.asked[decision_id(DECISION_KEY, key)] = Asked(key, name, known.tag(name), known.names(name))

    def check_after_crash(self) -> None:
        """Raises Violation."""
        effects = self._ledger.known.effects
        if any(effects[effect] != effects[answer] for effect, answer in self._answers.items()):
            raise Violation("a crash left an effect without its answer, or an answer without its effect")
