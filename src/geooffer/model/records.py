"""Durable changes. Each is folded by engine/apply.py, live and in replay by the same code.

Records of people name *numbers* (of stores, products, categories) so that a partition can be folded without the
catalog's history. `CATALOG_PARTITION` holds what belongs to no person.
"""

from __future__ import annotations

from dataclasses import dataclass

from geooffer.model.catalog import Customer, Noun, Price
from geooffer.model.oversight_records import (
    AuditSealed as AuditSealed,
)
from geooffer.model.oversight_records import (
    CallNoted as CallNoted,
)
from geooffer.model.oversight_records import (
    ConsentLapsed as ConsentLapsed,
)
from geooffer.model.oversight_records import (
    ConsentTaken as ConsentTaken,
)
from geooffer.model.oversight_records import (
    LocationSnoozed as LocationSnoozed,
)
from geooffer.model.oversight_records import (
    PolicyMoved as PolicyMoved,
)
from geooffer.model.oversight_records import (
    PolicyStopSwitched as PolicyStopSwitched,
)
from geooffer.model.oversight_records import (
    RightsRequested as RightsRequested,
)
from geooffer.model.oversight_records import (
    RightsStepTaken as RightsStepTaken,
)
from geooffer.model.tables import NEVER_MS

CATALOG_PARTITION = -1


@dataclass(frozen=True, slots=True)
class NounPut:
    """A store, fence, category, product or offer was created or replaced."""

    noun: Noun
    time_ms: int


@dataclass(frozen=True, slots=True)
class NounDeleted:
    """A noun is gone; `kind` is its class name. Its number is never used again."""

    kind: str
    noun_id: str
    time_ms: int


@dataclass(frozen=True, slots=True)
class PricePut:
    """One step of a price history; the same (product, store, valid_from) again replaces it."""

    price: Price
    time_ms: int


@dataclass(frozen=True, slots=True)
class StockPut:
    """The latest figure of one variant at one store; older `as_of_ms` than held is ignored by the fold."""

    store_number: int
    variant_number: int
    available_count: int
    as_of_ms: int


@dataclass(frozen=True, slots=True)
class CustomerPut:
    """A person was created or her devices or language replaced."""

    person_key: int
    customer: Customer


@dataclass(frozen=True, slots=True)
class CustomerDeleted:
    """The person, her devices and everything held of her are gone."""

    person_key: int


@dataclass(frozen=True, slots=True)
class TouchpointRecord:
    """A signal; `kind` is a TouchpointKind; its fields: engine/touchpoints.py. −1, 0 and '' = not stated."""

    person_key: int
    kind: int
    time_ms: int
    category_number: int = -1
    product_number: int = -1
    size_code: int = -1
    source_key: int = 0
    channel: int = 0
    language: str = ""
    fulfilment: int = 0
    is_interested: int = -1
    tier: int = -1
    account_kind: int = 0


@dataclass(frozen=True, slots=True)
class AudiencePut:
    """A person was put on an uploaded list or taken off it."""

    person_key: int
    audience_number: int
    is_member: bool
    time_ms: int


@dataclass(frozen=True, slots=True)
class IdentityLinked:
    """A pseudonym of web shop or loyalty programme stands for this person now; `identity_key` is its hash."""

    person_key: int
    kind: int
    identity_key: int


@dataclass(frozen=True, slots=True)
class IdentityUnlinked:
    """The pseudonym stands for nobody any more."""

    person_key: int
    kind: int
    identity_key: int


@dataclass(frozen=True, slots=True)
class PersonHistory:
    """What moves with a person, in table fields without links: tuples in the order of the dtype's names."""

    consents: tuple[tuple[int, bool, int, str], ...] = ()
    """(purpose, granted, time_ms, notice_version)."""
    intent_floor: tuple[int, int, int] = (-(2**62), 0, 0)
    intents: tuple[tuple[int, ...], ...] = ()
    facts: tuple[tuple[int, ...], ...] = ()
    contacts: tuple[tuple[int, ...], ...] = ()
    profile: tuple[tuple[str, int, int | str], ...] = ()
    """(field, time_ms, value) of what she stated of herself."""
    identities: tuple[tuple[int, int], ...] = ()
    """(kind, identity key)."""
    decisions: tuple[tuple[int, DecisionRecord, tuple[tuple[int, int], ...], bool], ...] = ()
    """(decision key, the decision, (OutcomeKind, time_ms) of its outcomes, is_released) of a person who is united with
    another: all that is held of a person lies in her partition, so that each partition folds alone."""
    aliases: tuple[int, ...] = ()
    """Keys of those who were united with her before."""
    consent_events: tuple[tuple[bool, int, str, int, str, bytes, int, int, int], ...] = ()
    """All her consent events, in the fields of model/consent.py: RecordedConsent; `consents` is of older journals."""
    consents_known_from_ms: int = NEVER_MS
    """Before it, superseded events were dropped."""
    snoozed_until_ms: int = NEVER_MS
    rights: tuple[tuple[int | str, ...], ...] = ()
    """Requests by which she used her rights, in the fields of model/rights.py: RightsRequest."""


@dataclass(frozen=True, slots=True)
class PersonDeparted:
    """The person is one with another from now on; her customer id goes on to name that one."""

    person_key: int
    into_key: int


@dataclass(frozen=True, slots=True)
class PersonArrived:
    """The history of another person is united with this one's (merge), or copied to her (unlink)."""

    person_key: int
    from_key: int
    is_alias: bool
    """True: `from_key` names this person from now on."""
    history: PersonHistory
    special_category_numbers: tuple[int, ...] = ()
    """Categories that were special then (ConsentRecord)."""
    time_ms: int = 0
    """When; 0 in journals from before consents could expire."""


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """Purposes given or withdrawn, as journals had it before ConsentTaken; read for good, written no more."""

    person_key: int
    purposes: int
    granted: bool
    time_ms: int
    notice_version: str
    special_category_numbers: tuple[int, ...] = ()
    """Categories that were special then: so a partition is folded without the catalog's history."""


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """An offer was chosen for a person: it consumes her caps. Folding it never decides again."""

    person_key: int
    time_ms: int
    store_number: int
    offer_number: int
    product_number: int
    category_number: int
    campaign_number: int
    size_code: int
    amount_minor: int
    reference_amount_minor: int
    score: int
    points: tuple[int, ...]
    """By factor, in the order of model/columns.FACTORS."""
    reason_kind: int
    fulfilment: int
    supply_store_number: int
    channel: int
    is_shadow: bool
    """Held out: it counts, nothing was sent."""
    catalog_generation: int
    policy_version: int


@dataclass(frozen=True, slots=True)
class DecisionReleased:
    """A committed decision that never reached her: its caps come back (semantics D3)."""

    person_key: int
    decision_key: int
    time_ms: int


@dataclass(frozen=True, slots=True)
class OutcomeRecord:
    """What became of a decision; `kind` is an OutcomeKind, FAILED excepted (that is a release)."""

    person_key: int
    decision_key: int
    kind: int
    time_ms: int


@dataclass(frozen=True, slots=True)
class StoresSwitched:
    """Stores are closed, or their offers paused, in [from_ms, until_ms); `kind` is a SwitchKind."""

    store_numbers: tuple[int, ...]
    kind: int
    from_ms: int
    until_ms: int
    reason: str
    time_ms: int


@dataclass(frozen=True, slots=True)
class StoresRestored:
    """What was switched of this kind at these stores and is in force or to come ends now."""

    store_numbers: tuple[int, ...]
    kind: int
    time_ms: int


@dataclass(frozen=True, slots=True)
class RequestAnswered:
    """A call with a request_id had its effect; in the same commit, so that a retry after a crash finds both or none."""

    person_key: int | None
    """Whom the answer is about, and with whom it vanishes; None = nobody, it belongs to the catalog."""
    request_key: bytes
    """Keyed hash of caller, method and request_id."""
    request_digest: bytes
    """Keyed hash of the whole request: the same id with another request is refused."""
    time_ms: int
    answer: bytes
    """What is needed to answer again (services/requests.py)."""
    decision_key: int = -1
    """The decision the answer tells of; its offer is made again from it."""


@dataclass(frozen=True, slots=True)
class RetentionSwept:
    """What is older than it may be held is gone from one slice of a partition (privacy M7); of the catalog's partition:
    closures that are over. Bounds are moments, so that folding needs no policy.
    """

    partition: int
    slice_number: int
    """0..RETENTION_SLICE_COUNT − 1 (model/keys.py: slice_of)."""
    time_ms: int
    intents_before_ms: int
    facts_before_ms: int
    contacts_before_ms: int
    """Also of decisions and their outcomes."""
    consents_before_ms: int = NEVER_MS
    """Of consent events: when another one took their place."""
    special_category_numbers: tuple[int, ...] = ()
    """Categories that are special now: gone, too, is what persons without consent to them told before they were."""
    special_product_numbers: tuple[int, ...] = ()
    """Products that were moved into one of these since somebody of the slice told an interest in them."""


Record = (
    NounPut
    | NounDeleted
    | PricePut
    | StockPut
    | CustomerPut
    | CustomerDeleted
    | TouchpointRecord
    | AudiencePut
    | IdentityLinked
    | IdentityUnlinked
    | PersonDeparted
    | PersonArrived
    | ConsentRecord
    | ConsentTaken
    | ConsentLapsed
    | LocationSnoozed
    | DecisionRecord
    | DecisionReleased
    | OutcomeRecord
    | StoresSwitched
    | StoresRestored
    | RetentionSwept
    | RequestAnswered
    | RightsRequested
    | RightsStepTaken
    | PolicyMoved
    | PolicyStopSwitched
    | CallNoted
    | AuditSealed
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A record in its place: sequence counts from 1 within the partition, without a gap."""

    partition: int
    sequence: int
    record: Record
