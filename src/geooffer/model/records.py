"""Durable changes. Each is folded by engine/apply.py, live and in replay by the same code.

Records of people name *numbers* (of stores, products, categories) so that a partition can be folded without the
catalog's history. `CATALOG_PARTITION` holds what belongs to no person.
"""

from __future__ import annotations

from dataclasses import dataclass

from geooffer.model.catalog import Customer, Noun, Price

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
    """A signal; `product_number` −1 = category only; `size_code` −1 = none. `kind` is a TouchpointKind."""

    person_key: int
    kind: int
    time_ms: int
    category_number: int
    product_number: int
    size_code: int


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """Purposes given or withdrawn at `time_ms`; per purpose the latest time wins, at a tie the withdrawal."""

    person_key: int
    purposes: int
    granted: bool
    time_ms: int
    notice_version: str


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """An offer was chosen for a person: it consumes her caps. Folding it never decides again."""

    person_key: int
    time_ms: int
    store_number: int
    offer_number: int
    product_number: int
    size_code: int
    amount_minor: int
    reference_amount_minor: int
    score: int
    catalog_generation: int


@dataclass(frozen=True, slots=True)
class DecisionReleased:
    """A committed decision whose bytes were never handed to a socket: its caps come back (semantics D3)."""

    person_key: int
    time_ms: int
    store_number: int
    offer_number: int


Record = (
    NounPut
    | NounDeleted
    | PricePut
    | StockPut
    | CustomerPut
    | CustomerDeleted
    | TouchpointRecord
    | ConsentRecord
    | DecisionRecord
    | DecisionReleased
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A record in its place: sequence counts from 1 within the partition, without a gap."""

    partition: int
    sequence: int
    record: Record
