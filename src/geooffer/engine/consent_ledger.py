"""The ledger of consent (privacy C3, C5): how events are folded, and what follows for the word that kernels read.

    events of a person ── per purpose the latest by its own time, at a tie the withdrawal ──► state.consents
                       └─ all others, for proof ──────────────────────────────────────────► state.consent_past

    word = purposes whose latest event is a grant, not expired, by a notice the policy accepts; without location
           while she snoozes it

Expiry is durable (what was held on that ground goes, by a record that names the moment); what the policy demands of
notices, and a snooze, are not: they close and open the word, and nothing is lost.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Collection, Iterable, Mapping, Sequence

from geooffer.engine.consent_wheel import NEVER_AGAIN_MS
from geooffer.engine.state import State
from geooffer.model.consent import Notice, RecordedConsent
from geooffer.model.limits import CONSENT_EVENTS_PER_PERSON_COUNT_MAX, TIME_MAX_MS
from geooffer.model.verdicts import Purpose

LOCATION_BIT = Purpose.PRECISE_LOCATION_FOR_OFFERS.bit
ALL_BITS = (1 << len(Purpose)) - 1
Rank = tuple[int, bool, str, int, str, bytes, int, int]


def consent_rank(event: RecordedConsent) -> Rank:
    """Which of two events of a purpose holds: the later, at a tie the withdrawal. Equal ranks are the same event."""
    return (
        event.time_ms,
        not event.granted,
        event.notice_version,
        -(event.valid_until_ms or TIME_MAX_MS + 1),
        event.language,
        event.notice_hash,
        event.method,
        event.purposes,
    )


def events_of(state: State, person_key: int) -> list[RecordedConsent]:
    """All events held of a person, each once, in the order of their rank."""
    held = {id(event): event for event in state.consents.get(person_key, {}).values()}
    return sorted((*held.values(), *state.consent_past.get(person_key, ())), key=consent_rank)


def same_event(state: State, person_key: int, event: RecordedConsent) -> RecordedConsent | None:
    """The same event, where it was recorded before."""
    rank = consent_rank(event)
    for held in (*state.consents.get(person_key, {}).values(), *state.consent_past.get(person_key, ())):
        if held.time_ms == event.time_ms and consent_rank(held) == rank:
            return held
    return None


def take_event(state: State, person_key: int, event: RecordedConsent) -> None:
    """Into the ledger; the same event again changes nothing."""
    ledger = state.consents.setdefault(person_key, {})
    rank = consent_rank(event)
    if same_event(state, person_key, event):
        return
    displaced: list[RecordedConsent] = []
    holds = False
    for purpose in Purpose:
        if event.purposes & purpose.bit:
            held = ledger.get(purpose)
            if held is None or rank > consent_rank(held):
                ledger[purpose] = event
                holds = True
                if held is not None:
                    displaced.append(held)
    standing = {id(held) for held in ledger.values()}
    past = {id(held): held for held in displaced if id(held) not in standing}
    if not holds:
        past[id(event)] = event
    if past:
        _archive(state, person_key, past.values())


def _archive(state: State, person_key: int, events: Iterable[RecordedConsent]) -> None:
    past = list(state.consent_past.get(person_key, ()))
    for event in events:
        insort(past, event, key=consent_rank)
    excess = len(past) - CONSENT_EVENTS_PER_PERSON_COUNT_MAX
    state.consent_past[person_key] = tuple(past)
    if excess > 0:
        drop_past(state, person_key, past[:excess])


def drop_past(state: State, person_key: int, dropped: Collection[RecordedConsent]) -> None:
    """Superseded events go; until the last of them was superseded her history is not complete any more."""
    events = events_of(state, person_key)
    gone = {id(event) for event in dropped}
    ends_ms = zip(events, superseded_times_ms(events), strict=True)
    known_from_ms = max(end_ms for event, end_ms in ends_ms if id(event) in gone)
    kept = tuple(event for event in state.consent_past[person_key] if id(event) not in gone)
    if kept:
        state.consent_past[person_key] = kept
    else:
        del state.consent_past[person_key]
    known = state.consents_known_from
    known[person_key] = max(known.get(person_key, known_from_ms), known_from_ms)


def superseded_times_ms(events: Sequence[RecordedConsent]) -> list[int]:
    """Of events in the order of their rank: when others had taken the place of each for all its purposes; TIME_MAX_MS
    where it still holds one.
    """
    next_ms = dict.fromkeys(Purpose, TIME_MAX_MS)
    found = []
    for event in reversed(events):
        purposes = [purpose for purpose in Purpose if event.purposes & 1 << purpose]
        found.append(max((next_ms[purpose] for purpose in purposes), default=event.time_ms))
        next_ms |= dict.fromkeys(purposes, event.time_ms)
    return found[::-1]


def granted_bits(state: State, person_key: int, now_ms: int) -> int:
    """Purposes she consents to at a moment, by what is known now: the mask without policy and snooze."""
    ledger = state.consents.get(person_key, {})
    return sum(1 << purpose for purpose, held in ledger.items() if held.holds_at(now_ms))


def enforce_consent(state: State, person_key: int, special: Collection[int], now_ms: int) -> None:
    """Set the word; what a purpose that is not given held is dropped (C4). `special`: category numbers that are."""
    people, slot = state.people, state.people.person_slots[person_key]
    withdrawn = ALL_BITS & ~granted_bits(state, person_key, now_ms)
    refresh_word(state, person_key, now_ms)
    if state.rights.is_restricted(person_key):
        return  # kept and not used: what has to go goes when the restriction is lifted (engine/rights.py)
    if withdrawn & Purpose.SEARCH_INTENT_USE.bit:
        people.clear_intents(slot)
    if withdrawn & Purpose.PERSONALISED_OFFERS.bit:
        people.clear_facts(slot)
        people.clear_messages(slot)
        people.clear_stated(person_key)
    if withdrawn & Purpose.SPECIAL_CATEGORY_OFFERS.bit:
        people.clear_categories(slot, special)


def accepts(accepted: Mapping[Purpose, Mapping[str, Notice]], purpose: Purpose, held: RecordedConsent) -> bool:
    """Whether the policy takes the notice an event was given by; `accepted`: as in State."""
    if not accepted or purpose not in accepted:
        return True
    notice = accepted[purpose].get(held.notice_version)
    return notice is not None and _fits(held, notice)


def _fits(held: RecordedConsent, notice: Notice) -> bool:
    """Whether an event can have been given by a notice as it was registered, perhaps only after the event."""
    is_its_text = not held.notice_hash or held.notice_hash.hex() in dict(notice.text_hashes).values()
    ends = bool(held.valid_until_ms) or not notice.validity_days
    return is_its_text and ends and held.time_ms >= notice.effective_ms


def word_at(state: State, person_key: int, now_ms: int) -> tuple[int, int]:
    """(her consent word at a moment, when time alone will change it); changes nothing."""
    bits, next_ms = 0, NEVER_AGAIN_MS
    for purpose, held in state.consents.get(person_key, {}).items():
        if not held.holds_at(now_ms):
            continue
        if held.valid_until_ms:
            next_ms = min(next_ms, held.valid_until_ms)
        if accepts(state.accepted_notices, purpose, held):
            bits |= 1 << purpose  # purpose.bit takes three times as long
    snoozed_until_ms = state.snoozes.get(person_key)
    if snoozed_until_ms is not None and now_ms < snoozed_until_ms:
        bits &= ~LOCATION_BIT
        next_ms = min(next_ms, snoozed_until_ms)
    return (0 if state.rights.is_restricted(person_key) else bits), next_ms


def refresh_word(state: State, person_key: int, now_ms: int) -> None:
    """Bring the word up to `now_ms`, and have her looked at again when time alone will change it."""
    bits, next_ms = word_at(state, person_key, now_ms)
    if next_ms != NEVER_AGAIN_MS:
        state.consent_wheel.add(next_ms, person_key)
    state.people.set_consent(state.people.person_slots[person_key], bits)
    if not bits & LOCATION_BIT:
        state.people.clear_presence(person_key)


def has_expired(state: State, person_key: int, now_ms: int) -> bool:
    """Whether a purpose whose latest event is a grant is expired."""
    return any(held.granted and not held.holds_at(now_ms) for held in state.consents.get(person_key, {}).values())


def forget_consents(state: State, person_key: int) -> None:
    """Everything of a person who is gone."""
    state.consents.pop(person_key, None)
    state.consent_past.pop(person_key, None)
    state.consents_known_from.pop(person_key, None)
    state.snoozes.pop(person_key, None)
    state.consent_wheel.due.pop(person_key, None)


def sweep_consents(state: State, person_keys: Iterable[int], before_ms: int, now_ms: int) -> None:
    """Events that were superseded before `before_ms` go, and snoozes that are over."""
    for person_key in person_keys:
        past = state.consent_past.get(person_key)
        if past and past[0].time_ms < before_ms:  # none is superseded before it was said
            events = events_of(state, person_key)
            ends_ms = {id(event): end_ms for event, end_ms in zip(events, superseded_times_ms(events), strict=True)}
            old = [event for event in past if ends_ms[id(event)] < before_ms]
            if old:
                drop_past(state, person_key, old)
        if state.snoozes.get(person_key, now_ms) < now_ms:
            del state.snoozes[person_key]
