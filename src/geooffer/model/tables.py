"""Layout of the engine's tables: one 64-byte line per device and per person, short lists behind them.

    device_keys/device_slots (hash) ─► DEVICE ─► person_slot ─► PERSON
                                         │                        ├─► INTENT → INTENT …   (≤ 16 a person)
                                         └─► PRESENCE → …         ├─► FACT → …            (sizes, purchases)
                                             (only while inside)  └─► CONTACT → …         (offers of 30 days)

Lists are singly linked by int32 slots, −1 = end. Free slots are linked the same way; their heads and counts
stand in the `free` array. Kernels insert and remove PRESENCE and CONTACT rows; everything else is the control side's.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from geooffer.model.columns import Int32Array, Int64Array, StructArray

DEVICE = np.dtype(
    [
        ("device_key", "<i8"),
        ("session_id", "<i8"),
        ("sequence", "<i8"),
        ("watermark_ms", "<i8"),  # greatest accepted fix time; NEVER_MS = no live fix
        ("heard_ms", "<i8"),  # `now` of the last accepted row
        ("person_slot", "<i4"),
        ("presence_head", "<i4"),  # ascending by fence number
        ("stream_number", "<i4"),
        ("latitude_e7", "<i4"),  # last accepted fix, kept ≤ silent_after (privacy M1)
        ("longitude_e7", "<i4"),
        ("accuracy_cm", "<i4"),
    ],
    align=True,
)
assert DEVICE.itemsize == 64

PERSON = np.dtype(
    [
        ("person_key", "<i8"),
        ("signals_version", "<i8"),  # counts changes that may make a new try worthwhile
        ("intent_floor_ms", "<i8"),  # highest (time, category, product) that gave way to newer interest (S-4)
        ("intent_floor_category", "<i4"),
        ("intent_floor_product", "<i4"),
        ("consent_bits", "<i4"),
        ("consent_epoch", "<i4"),  # counts consent changes; the send gate compares it
        ("intent_head", "<i4"),
        ("fact_head", "<i4"),
        ("contact_head", "<i4"),
        ("partition", "<i4"),
        ("language", "u1"),
        ("_pad", "u1", (7,)),
    ],
    align=True,
)
assert PERSON.itemsize == 64

PRESENCE = np.dtype(
    [
        ("enter_time_ms", "<i8"),
        ("pending_time_ms", "<i8"),  # first fix of an unfinished ENTER or EXIT
        ("tried_version", "<i8"),  # sum of versions at the last try of this visit; −1 = none yet
        ("fence_number", "<i4"),
        ("next", "<i4"),
        ("state", "u1"),  # 0 entering, 1 inside
        ("inside_count", "u1"),
        ("outside_count", "u1"),
        ("dwell_done", "u1"),
        ("initial", "u1"),  # the pending ENTER has cause INITIAL
        ("_pad", "u1", (3,)),
    ],
    align=True,
)
assert PRESENCE.itemsize == 40

INTENT = np.dtype(
    [
        ("search_ms", "<i8"),  # latest of each kind; NEVER_MS = none (semantics S-1)
        ("view_ms", "<i8"),
        ("wish_ms", "<i8"),
        ("category_number", "<i4"),
        ("product_number", "<i4"),  # −1 = the whole category
        ("next", "<i4"),
        ("_pad", "<i4"),
    ],
    align=True,
)
assert INTENT.itemsize == 40

FACT_SIZE = 1
FACT_PURCHASE = 2
FACT = np.dtype(
    [
        ("time_ms", "<i8"),
        ("category_number", "<i4"),
        ("value", "<i4"),  # size code for FACT_SIZE
        ("next", "<i4"),
        ("kind", "<i4"),
    ],
    align=True,
)
assert FACT.itemsize == 24

CONTACT = np.dtype(
    [("time_ms", "<i8"), ("store_number", "<i4"), ("offer_number", "<i4"), ("next", "<i4"), ("_pad", "<i4")],
    align=True,
)
assert CONTACT.itemsize == 24

STOCK = np.dtype([("key", "<i8"), ("as_of_ms", "<i8"), ("available_count", "<i4"), ("_pad", "<i4")], align=True)
"""`key` = store_number << 32 | variant_number + 1; 0 = empty."""
assert STOCK.itemsize == 24

NEVER_MS = -(2**62)

# indices into PeopleTables.free
PRESENCE_FREE_HEAD, PRESENCE_FREE_COUNT, CONTACT_FREE_HEAD, CONTACT_FREE_COUNT = range(4)
FREE_LENGTH = 4


class PeopleTables(NamedTuple):
    """What kernels see of people. Arrays are replaced when they grow; a NamedTuple never outlives a step."""

    device_hash_keys: Int64Array  # open addressing, capacity a power of two, 0 = empty
    device_hash_slots: Int32Array
    devices: StructArray
    persons: StructArray
    presences: StructArray
    intents: StructArray
    facts: StructArray
    contacts: StructArray
    free: Int64Array


class StockTable(NamedTuple):
    """Stock of all stores, open addressing by (store, variant); versions count changes per store."""

    rows: StructArray  # STOCK, capacity a power of two
    store_versions: Int64Array  # by store number


STORE_ROW = np.dtype(
    [
        ("version", "<i8"),  # catalog generation of the last change that touches this store's offers
        ("hours_start", "<i4"),  # into CommerceTables.hours
        ("hours_count", "<i4"),
        ("live", "<i4"),
        ("has_dwell_offers", "<i4"),  # 1 = an offer of this store waits for a dwell
        ("hours_known", "<i4"),  # 0 = unknown, which is not closed: the campaign decides (semantics H1)
        ("_pad", "<i4"),
    ],
    align=True,
)
PRODUCT_ROW = np.dtype(
    [
        ("category_number", "<i4"),
        ("price_start", "<i4"),  # chain-wide steps in CommerceTables.prices
        ("price_count", "<i4"),
        ("variant_start", "<i4"),  # into CommerceTables.variants
        ("variant_count", "<i4"),
        ("has_sizes", "u1"),
        ("stock_tracked", "u1"),
        ("live", "u1"),
        ("_pad", "u1"),
    ],
    align=True,
)
OFFER_ROW = np.dtype(
    [
        ("valid_from_ms", "<i8"),
        ("valid_until_ms", "<i8"),
        ("product_number", "<i4"),
        ("minimum_cut_percent", "<i4"),
        ("purposes", "<i4"),  # all that are needed, the standing three included
        ("store_start", "<i4"),  # into CommerceTables.offer_stores; unused where everywhere
        ("store_count", "<i4"),
        ("id_rank", "<i4"),  # place among all offer ids of the catalog; ties go to the lower
        ("everywhere", "u1"),
        ("trigger", "u1"),
        ("paused", "u1"),
        ("live", "u1"),
        ("_pad", "<i4"),
    ],
    align=True,
)
PRICE_STEP = np.dtype(
    [
        ("valid_from_ms", "<i8"),
        ("amount_minor", "<i8"),
        ("reference_minor", "<i8"),  # lowest of the 30 days before this step; −1 = none known
    ],
    align=True,
)
HOURS = np.dtype([("open_ms", "<i8"), ("close_ms", "<i8")], align=True)
VARIANT = np.dtype([("size_code", "<i4"), ("variant_number", "<i4")], align=True)


class CommerceTables(NamedTuple):
    """One immutable catalog snapshot without its geometry; rows are indexed by number, gaps have live = 0."""

    stores: StructArray  # STORE_ROW
    hours: StructArray  # HOURS, ascending per store, merged, in UTC
    products: StructArray  # PRODUCT_ROW
    variants: StructArray  # VARIANT, ascending by size code per product
    prices: StructArray  # PRICE_STEP, ascending per list
    own_price_keys: Int64Array  # sorted store_number << 32 | product_number with a list of their own
    own_price_starts: Int32Array
    own_price_counts: Int32Array
    offers: StructArray  # OFFER_ROW
    offer_stores: Int32Array  # sorted store numbers per restricted offer
    category_offer_starts: Int32Array  # CSR over categories, length categories + 1
    category_offers: Int32Array  # offer numbers, ascending per category
