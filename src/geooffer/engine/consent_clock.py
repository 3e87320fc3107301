"""Consent that ends by itself: expiry takes effect at its moment, without an event of hers (privacy C3).

Whatever uses consent brings it up to its own `now` first: pings row by row (pipeline.py cuts a batch where somebody's
consent ends), asked decisions, signals, the send gate; a task beside the server does when nobody asks.
"""

from __future__ import annotations

from collections.abc import Mapping

from geooffer.engine.consent_ledger import accepts, has_expired, refresh_word
from geooffer.engine.core import Core
from geooffer.model.catalog import Category
from geooffer.model.records import ConsentLapsed
from geooffer.model.verdicts import Purpose


class ConsentClock(Core):
    """The consent word of each person as of now, by her events, the policy and the time."""

    _special: tuple[int, ...] = ()
    _special_generation = -1
    _minimum_notices: Mapping[Purpose, str] = {}
    _changed_slots: set[int] | None = None
    """Persons whose word time changed since the step began; None = no step is on."""

    def lapse_consents(self, now_ms: int) -> bool:
        """End what expired by `now_ms`, and snoozes; False where nothing was due. Raises JournalError."""
        state = self.state
        if now_ms < state.consent_wheel.next_ms:
            return False
        expired = []
        for person_key in state.consent_wheel.take_due(now_ms):
            slot = state.people.person_slots.get(person_key)
            if slot is None:
                continue
            if self._changed_slots is not None:
                self._changed_slots.add(slot)
            if has_expired(state, person_key, now_ms):
                expired.append(person_key)
            else:
                refresh_word(state, person_key, now_ms)
        if expired:
            special = self.special_category_numbers()
            self.append([ConsentLapsed(person_key, now_ms, special) for person_key in expired])
        return True

    def special_category_numbers(self) -> tuple[int, ...]:
        """The categories that need explicit consent now, sorted."""
        registry = self.registry
        if self._special_generation != registry.words_generation:
            self._special_generation = registry.words_generation
            special = [category for category in registry.categories.values() if category.is_special]
            self._special = tuple(sorted(registry.number(Category, category.category_id) for category in special))
        return self._special

    # -- what the policy demands of notices ------------------------------------------------------------------

    def set_minimum_notices(self, minimum: Mapping[Purpose, str]) -> None:
        """From now on consent to a purpose counts only by the notice named for it or a newer one; unknown = no: with a
        notice that is not registered nobody's counts. Purposes without one take any notice. Not durable: whoever holds
        the policy says it again after a start. Looks at everybody, at once: some microseconds a person, ten times that
        where her word changes (docs/consent.md).
        """
        self._minimum_notices = dict(minimum)
        self._accept_notices()

    def notices_accepted_by(self, minimum: Mapping[Purpose, str]) -> dict[Purpose, frozenset[str]]:
        """The registered notices by which consent to each purpose of `minimum` counts."""
        notices = self.registry.notices
        accepted: dict[Purpose, frozenset[str]] = {}
        for purpose, version in minimum.items():
            least = notices.get(version)
            accepted[purpose] = frozenset(
                notice.notice_version
                for notice in notices.values()
                if least is not None and notice.effective_ms >= least.effective_ms and notice.purposes & purpose.bit
            )
        return accepted

    def _accept_notices(self) -> None:
        accepted = self.notices_accepted_by(self._minimum_notices)
        before = self.state.accepted_notices
        if accepted == before:
            return
        self.state.accepted_notices = accepted
        changed = before.keys() | accepted.keys()
        for person_key, ledger in self.state.consents.items():
            for purpose in changed:
                held = ledger.get(purpose)
                if held is not None and accepts(before, purpose, held) != accepts(accepted, purpose, held):
                    refresh_word(self.state, person_key, self.state.latest_ms)
                    break
