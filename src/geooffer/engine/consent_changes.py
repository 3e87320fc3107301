"""Consent as control calls change and read it: notices, events, snoozes, and what was allowed when (privacy C1–C6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from geooffer.engine.consent_history import Allowance, allowance
from geooffer.engine.consent_ledger import consent_rank, events_of, same_event
from geooffer.engine.core import RowResults
from geooffer.engine.retention import Retention
from geooffer.errors import AlreadyExistsError, InvalidArgumentError, LimitExceededError, NotFoundError
from geooffer.model.consent import ConsentMethod, Notice, RecordedConsent
from geooffer.model.limits import LOCATION_SNOOZE_MAX_MS, NOTICE_COUNT_MAX, TIME_MAX_MS
from geooffer.model.policy import DAY_MS
from geooffer.model.records import ConsentTaken, LocationSnoozed, NounPut, Record
from geooffer.model.verdicts import Purpose


class ConsentChanges(Retention):
    """Notices, consent events, snoozes."""

    # -- notices ---------------------------------------------------------------------------------------------

    def register_notices(self, notices: Sequence[Notice], *, now_ms: int, partial: bool = False) -> RowResults:
        """Register notices, or further languages of known ones; all else of a known one stays as it is."""
        seen: dict[str, Notice] = {}

        def record(notice: Notice) -> Record:
            version = notice.notice_version
            united = _united(seen.get(version) or self.registry.notices.get(version), notice)
            if version not in self.registry.notices and len(self.registry.notices) + len(seen) >= NOTICE_COUNT_MAX:
                raise LimitExceededError("too many notices", field="notice_version")
            seen[version] = united
            return NounPut(united, now_ms)

        results = self.append_each(notices, record, partial=partial)
        self._accept_notices()
        return results

    # -- events ----------------------------------------------------------------------------------------------

    def record_consent(
        self,
        customer_id: str,
        purposes: int,
        *,
        granted: bool,
        time_ms: int,
        now_ms: int,
        notice_version: str,
        language: str = "",
        notice_hash: bytes = b"",
        method: ConsentMethod = ConsentMethod.UNSPECIFIED,
        valid_until_ms: int = 0,
    ) -> RecordedConsent:
        """Give or withdraw purposes (mask of Purpose bits); returns the event as held. The same event again adds none.

        What is dated in the future, or does not fit its notice, is refused (C3): a grant that is malformed is none. A
        little ahead is a clock that is off: such an event counts as of now, so that a withdrawal now undoes it.
        """
        key = self.key_of(customer_id)
        if not 0 < purposes < 1 << len(Purpose):
            raise InvalidArgumentError("name at least one purpose", field="purposes")
        if time_ms > now_ms + self.policy.future_tolerance_ms:
            raise InvalidArgumentError("consent lies in the future", field="event_time")
        event = RecordedConsent(
            granted=granted,
            time_ms=min(time_ms, now_ms),
            notice_version=notice_version,
            purposes=purposes,
            language=language,
            notice_hash=notice_hash,
            method=int(method),
            valid_until_ms=valid_until_ms,
            recorded_ms=now_ms,
        )
        if granted:
            event = self._by_its_notice(event)
        elif valid_until_ms:
            raise InvalidArgumentError("a withdrawal does not expire", field="valid_until_time")
        self.lapse_of([key], now_ms)
        held = same_event(self.state, key, event)
        if held is not None:
            return held
        self.append([_record_of(key, event, self.special_category_numbers())])
        if not granted:
            self.recent_tries.forget(key, now_ms)
        return event

    def _by_its_notice(self, event: RecordedConsent) -> RecordedConsent:
        """A grant with what its notice says of it; of a notice that is not registered it stays as it was told."""
        notice = self.registry.notices.get(event.notice_version)
        if notice is not None:
            event = _checked(event, notice)
        if event.valid_until_ms and not event.time_ms < event.valid_until_ms <= TIME_MAX_MS:
            raise InvalidArgumentError("consent ends before it begins", field="valid_until_time")
        return event

    def withdraw_now(
        self, customer_id: str, purposes: int, *, now_ms: int, method: ConsentMethod = ConsentMethod.UNSPECIFIED
    ) -> RecordedConsent:
        """Withdraw at `now_ms`, and after every event held of these purposes: whatever was said before, this wins."""
        held = self.consent_of(customer_id)
        latest_ms = max((state.time_ms for purpose, state in held.items() if purposes & purpose.bit), default=0)
        time_ms = max(now_ms, latest_ms)
        return self.record_consent(
            customer_id, purposes, granted=False, time_ms=time_ms, now_ms=time_ms, notice_version="", method=method
        )

    def consent_of(self, customer_id: str) -> dict[Purpose, RecordedConsent]:
        """The latest event of each purpose ever asked for. Raises NotFoundError."""
        return dict(self.state.consents.get(self.key_of(customer_id), {}))

    def consented_now(self, customer_id: str, now_ms: int) -> int:
        """Mask of the purposes that may be used now: by her events, the policy and the time. Raises NotFoundError."""
        key, people = self.key_of(customer_id), self.state.people
        self.lapse_of([key], now_ms)
        return int(people.view.persons["consent_bits"][people.person_slots[key]])

    # -- proof -----------------------------------------------------------------------------------------------

    def consent_events(self, customer_id: str) -> list[RecordedConsent]:
        """All events held, by their own time. Raises NotFoundError."""
        return events_of(self.state, self.key_of(customer_id))

    def consents_known_from_ms(self, customer_id: str) -> int | None:
        """Before this moment superseded events were dropped; None = none was. Raises NotFoundError."""
        return self.state.consents_known_from.get(self.key_of(customer_id))

    def snoozed_until_ms(self, customer_id: str) -> int | None:
        """Until when her location is not used, or lately was not; None = never. Raises NotFoundError."""
        return self.state.snoozes.get(self.key_of(customer_id))

    def was_allowed(self, customer_id: str, purpose: Purpose, time_ms: int) -> Allowance:
        """Whether she consented to a purpose at a moment, by replaying her events. Raises NotFoundError."""
        key = self.key_of(customer_id)
        known_from_ms = self.state.consents_known_from.get(key)
        return allowance(events_of(self.state, key), purpose, time_ms, known_from_ms)

    def consent_event_id(self, customer_id: str, event: RecordedConsent) -> str:
        """A name of an event that stays the same, 32 hexadecimal digits. Raises NotFoundError."""
        key = self.key_of(customer_id)
        fields = repr(consent_rank(event)).encode()
        return self.keyed_hash(b"consent", key.to_bytes(8, "little", signed=True), fields).hex()

    def find_consent_event(self, customer_id: str, event_id: str) -> RecordedConsent:
        """Raises NotFoundError."""
        for event in self.consent_events(customer_id):
            if self.consent_event_id(customer_id, event) == event_id:
                return event
        raise NotFoundError("no such consent event", field="event_id")

    # -- her own device --------------------------------------------------------------------------------------

    def owner_of_device(self, device_key: int) -> str | None:
        """The customer id of whom a device belongs to, or None."""
        key = self.person_of_device(device_key)
        return None if key is None else self.state.people.customers[key].customer_id

    def snooze_location(self, customer_id: str, until_ms: int, *, now_ms: int) -> None:
        """Use no location of hers before `until_ms`; now or earlier ends a snooze. Consent stays as it is.

        Raises NotFoundError, InvalidArgumentError beyond 31 days.
        """
        key = self.key_of(customer_id)
        if until_ms > now_ms + LOCATION_SNOOZE_MAX_MS:
            raise InvalidArgumentError("a snooze lasts 31 days at most; withdraw the purpose", field="until_time")
        self.lapse_of([key], now_ms)
        self.append([LocationSnoozed(key, until_ms, now_ms)])


def _record_of(person_key: int, event: RecordedConsent, special: tuple[int, ...]) -> ConsentTaken:
    return ConsentTaken(
        person_key=person_key,
        purposes=event.purposes,
        granted=event.granted,
        time_ms=event.time_ms,
        recorded_ms=event.recorded_ms,
        valid_until_ms=event.valid_until_ms,
        method=event.method,
        notice_version=event.notice_version,
        language=event.language,
        notice_hash=event.notice_hash,
        special_category_numbers=special,
    )


def _checked(event: RecordedConsent, notice: Notice) -> RecordedConsent:
    """A grant by a registered notice, filled up from it. Raises InvalidArgumentError."""
    if event.purposes & ~notice.purposes:
        raise InvalidArgumentError("the notice does not tell of one of these purposes", field="purposes")
    if event.time_ms < notice.effective_ms:
        raise InvalidArgumentError("the notice was not in force then", field="event_time")
    language = event.language or (notice.languages[0] if len(notice.languages) == 1 else "")
    if language and language not in notice.languages:
        raise InvalidArgumentError("the notice is not registered in this language", field="language_code")
    text_hash = notice.text_hash(language)
    if event.notice_hash and event.notice_hash != text_hash:
        raise InvalidArgumentError("the text is another one than was registered", field="notice_hash")
    valid_until_ms = event.valid_until_ms
    if not valid_until_ms and notice.validity_days:
        valid_until_ms = min(event.time_ms + notice.validity_days * DAY_MS, TIME_MAX_MS)
    return replace(event, language=language, notice_hash=text_hash, valid_until_ms=valid_until_ms)


def _united(held: Notice | None, notice: Notice) -> Notice:
    """A notice with the languages of both. Raises AlreadyExistsError where anything else differs."""
    if held is None:
        return notice
    hashes = dict(held.text_hashes)
    if any(hashes.setdefault(language, digest) != digest for language, digest in notice.text_hashes):
        raise AlreadyExistsError("this notice is registered with another text; give a new version", field="text_hashes")
    if replace(notice, text_hashes=held.text_hashes) != held:
        raise AlreadyExistsError("this notice is registered with other facts; give a new version", field="notice")
    return replace(held, text_hashes=tuple(sorted(hashes.items())))
