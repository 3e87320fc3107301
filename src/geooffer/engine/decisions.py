"""A decision: an offer chosen for a person, with everything that is said to her, taken from one catalog."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from geooffer.model.catalog import Category, Offer, Product, Size, Store
from geooffer.model.columns import FACTORS, StructArray
from geooffer.model.kinds import AccountKind, Channel, Fulfilment
from geooffer.model.records import DecisionRecord
from geooffer.model.verdicts import TouchpointKind


@dataclass(frozen=True, slots=True)
class Decision:
    """Durable (its record is in the journal) and on its way to a stream."""

    decision_id: str
    decision_key: int
    """Its place in the journal: partition and sequence (engine/apply.py)."""
    row: int
    """−1: asked for, not walked (semantics D9)."""
    device_key: int
    time_ms: int
    offer: Offer
    product: Product
    category: Category
    store: Store
    """The visited store, or the one asked about."""
    supply_store: Store
    """Where the goods are."""
    fulfilment: Fulfilment
    geofence_id: str
    size: Size | None
    amount_minor: int
    reference_amount_minor: int
    """Gross, both."""
    currency: str
    account_kind: AccountKind
    available_count: int | None
    stock_as_of_ms: int | None
    score: int
    points: tuple[int, ...]
    """By factor, in the order of model/columns.FACTORS."""
    reason_kind: TouchpointKind
    """PURCHASE: she is due again."""
    channel: Channel
    language: str
    catalog_generation: int
    policy_version: int
    person_slot: int
    person_key: int
    consent_epoch: int


def decision_id(secret: bytes, key: int) -> str:
    """22 hex digits from a decision's place in the journal, under a secret (D4): unique, telling nothing to others."""
    message = key.to_bytes(9, "little", signed=True)
    return hashlib.blake2b(message, key=secret, digest_size=11, person=b"geooffer.offer").hexdigest()


def record_of(winner: StructArray, catalog_generation: int, policy_version: int) -> DecisionRecord:
    """A WINNER row as the journal keeps it."""
    return DecisionRecord(
        person_key=int(winner["person_key"]),
        time_ms=int(winner["time_ms"]),
        store_number=int(winner["store_number"]),
        offer_number=int(winner["offer_number"]),
        product_number=int(winner["product_number"]),
        category_number=int(winner["category_number"]),
        campaign_number=int(winner["campaign_number"]),
        size_code=int(winner["size_code"]),
        amount_minor=int(winner["amount_minor"]),
        reference_amount_minor=int(winner["reference_amount_minor"]),
        score=int(winner["score"]),
        points=tuple(int(winner[f"{name}_points"]) for name in FACTORS),
        reason_kind=int(winner["reason_kind"]),
        fulfilment=int(winner["fulfilment"]),
        supply_store_number=int(winner["supply_store_number"]),
        channel=int(winner["channel"]),
        is_shadow=bool(winner["is_shadow"]),
        catalog_generation=catalog_generation,
        policy_version=policy_version,
    )
