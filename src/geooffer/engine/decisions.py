"""A decision: an offer chosen for a person, with everything that is said to her, taken from one catalog."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from geooffer.model.catalog import Category, Offer, Product, Size, Store
from geooffer.model.verdicts import TouchpointKind


@dataclass(frozen=True, slots=True)
class Decision:
    """Durable (its record is in the journal) and on its way to a stream."""

    decision_id: str
    row: int
    device_key: int
    time_ms: int
    offer: Offer
    product: Product
    category: Category
    store: Store
    geofence_id: str
    size: Size | None
    amount_minor: int
    reference_amount_minor: int
    currency: str
    available_count: int | None
    stock_as_of_ms: int | None
    score: int
    reason_kind: TouchpointKind
    language: str
    catalog_generation: int
    policy_version: int
    person_slot: int
    person_key: int
    consent_epoch: int


def decision_id(key: bytes, partition: int, sequence: int) -> str:
    """22 hex digits from (partition, sequence) under a key (semantics D4): unique, and tells nothing to others."""
    message = partition.to_bytes(2, "little", signed=True) + sequence.to_bytes(8, "little")
    return hashlib.blake2b(message, key=key, digest_size=11, person=b"geooffer.offer").hexdigest()
