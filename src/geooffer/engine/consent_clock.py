"""Consent that ends by itself: expiry takes effect at its moment, without an event of hers (privacy C3).

Whatever uses consent looks at the person first if she is due: pings row by row (pipeline.py cuts a batch where
somebody's consent ends), asked decisions, signals, the send gate. So what ended is refused from its moment on, however
many end at once; a task beside the server looks at all others, in pieces between which pings are taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from geooffer.engine.consent_ledger import LOCATION_BIT, has_expired, refresh_word, word_at
from geooffer.engine.publishing import Publishing
from geooffer.model.catalog import Category
from geooffer.model.columns import Int64Array, StructArray
from geooffer.model.consent import Notice
from geooffer.model.records import ConsentLapsed
from geooffer.model.verdicts import Purpose


class ConsentClock(Publishing):
    """The consent word of each person as of now, by her events, the policy and the time."""

    _special: tuple[int, ...] = ()
    _special_generation = -1
    _minimum_notices: Mapping[Purpose, str] = {}
    is_lapsing = False
    """Persons were taken off the wheel whose word is not brought up to date yet."""
    notices_are_due = False
    """Other notices are taken than before, and not everybody was looked at since."""

    def lapse_consents(self, now_ms: int, count_max: int | None = None) -> bool:
        """End what expired by `now_ms`, and snoozes, of all who are due, or of `count_max` of them; False where nobody
        is left to be looked at. Raises JournalError.
        """
        wheel = self.state.consent_wheel
        wheel.bring(now_ms)
        if not wheel.due:
            return False
        self._look_at(lambda: wheel.take(count_max), now_ms)
        return True

    def lapse_of(self, person_keys: Iterable[int], now_ms: int) -> None:
        """Bring the consent of these persons up to `now_ms`, before it is used. Raises JournalError."""
        wheel = self.state.consent_wheel
        wheel.bring(now_ms)
        if wheel.due:
            self._look_at(lambda: wheel.take_of(person_keys), now_ms)

    def lapse_of_devices(self, device_keys: Int64Array, now_ms: int) -> None:
        """The same for the persons whose devices these are. Raises JournalError."""
        self.state.consent_wheel.bring(now_ms)
        if self.state.consent_wheel.due:
            self.lapse_of(self._persons_of(device_keys), now_ms)

    def still_consented(self, transitions: StructArray, now_ms: int) -> StructArray:
        """TRANSITION rows without those of persons whose consent to location has ended and who were not looked at yet:
        they emit nothing (semantics P5).
        """
        self.state.consent_wheel.bring(now_ms)
        if not self.state.consent_wheel.due or not len(transitions):
            return transitions
        keys = self._persons_of(transitions["device_key"])
        return transitions[[bool(self.word_now(key, now_ms) & LOCATION_BIT) for key in keys]]

    def _persons_of(self, device_keys: Int64Array) -> list[int]:
        """Person keys, of the devices that are known."""
        people, view = self.state.people, self.state.people.view
        slots = [people.device_slots[key] for key in device_keys.tolist() if key in people.device_slots]
        keys: list[int] = view.persons["person_key"][view.devices["person_slot"][slots]].tolist()
        return keys

    def person_of_device(self, device_key: int) -> int | None:
        """The key of whom a device belongs to, or None."""
        people = self.state.people
        slot = people.device_slots.get(device_key)
        if slot is None:
            return None
        return int(people.view.persons["person_key"][people.view.devices["person_slot"][slot]])

    def word_now(self, person_key: int, now_ms: int) -> int:
        """Her consent word as of now, whether or not anybody has looked at her; changes nothing."""
        return word_at(self.state, person_key, now_ms)[0]

    def consent_until_ms(self, person_key: int, now_ms: int) -> int:
        """When time alone will change her word as it is now."""
        return word_at(self.state, person_key, now_ms)[1]

    def _look_at(self, take: Callable[[], Iterable[int]], now_ms: int) -> None:
        state, expired = self.state, []
        with self.lock:
            self.is_lapsing = True
            for person_key in take():
                if person_key not in state.people.person_slots:
                    continue
                if has_expired(state, person_key, now_ms):
                    expired.append(person_key)
                else:
                    refresh_word(state, person_key, now_ms)
        if expired:
            special = self.special_category_numbers()
            self.append([ConsentLapsed(person_key, now_ms, special) for person_key in expired], is_callers=False)
        with self.lock:
            self.is_lapsing = False
            self.notices_are_due = self.notices_are_due and bool(state.consent_wheel.due)

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
        the policy says it again after a start. Everybody is looked at again before her consent is used.
        """
        self._minimum_notices = dict(minimum)
        self._accept_notices()

    def notices_accepted_by(self, minimum: Mapping[Purpose, str]) -> dict[Purpose, dict[str, Notice]]:
        """The registered notices by which consent to each purpose of `minimum` counts."""
        notices = self.registry.notices
        accepted: dict[Purpose, dict[str, Notice]] = {}
        for purpose, version in minimum.items():
            least = notices.get(version)
            accepted[purpose] = {
                notice.notice_version: notice
                for notice in notices.values()
                if least is not None and notice.effective_ms >= least.effective_ms and notice.purposes & purpose.bit
            }
        return accepted

    def _accept_notices(self) -> None:
        accepted = self.notices_accepted_by(self._minimum_notices)
        before = self.state.accepted_notices
        if accepted == before:
            return
        with self.lock:
            self.notices_are_due = True
            self.state.accepted_notices = accepted
        self.state.consent_wheel.add_due(self.state.consents)
        with self.lock:
            self.notices_are_due = bool(self.state.consent_wheel.due)
