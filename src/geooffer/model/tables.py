"""Layout of the engine's tables: one 64-byte line per device and per person, short lists behind them.

    device_keys/device_slots (hash) ─► DEVICE ─► person_slot ─► PERSON
                                         │                        ├─► INTENT → INTENT …   (≤ 16 a person)
                                         └─► PRESENCE → …         ├─► FACT → …            (sizes, purchases, lists, …)
                                             (only while inside)  └─► CONTACT → …         (offers and messages, 32 days)

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
        ("zone_number", "<u2"),  # into PeopleTables.zone_starts; 0 = not known
        ("tier", "u1"),  # of her loyalty account, 0 = none
        ("account_kind", "u1"),  # AccountKind
        ("fulfilment", "u1"),  # FulfilmentPreference, 0 = none stated
        ("has_affinity", "u1"),  # 1 = there may be likes or survey answers among her facts
        ("channel", "u1"),  # Channel she wants to be addressed on, 0 = none stated
        ("_pad", "u1", (1,)),
    ],
    align=True,
)
assert PERSON.itemsize == 64

PRESENCE = np.dtype(
    [
        ("enter_time_ms", "<i8"),
        ("pending_time_ms", "<i8"),  # first fix of an unfinished ENTER or EXIT, else the visit's last event
        ("tried_version", "<i8"),  # sum of versions at the last try of this visit; −1 = none yet
        ("fence_number", "<i4"),
        ("next", "<i4"),
        ("state", "u1"),  # bits of kernels/visits.py
        ("inside_count", "u1"),
        ("outside_count", "u1"),
        ("dwell_done", "u1"),
        ("cause", "u1"),  # TransitionCause of the ENTER that is being confirmed; while inside, of the EXIT to come
        ("_pad", "u1"),
        ("life", "<u2"),  # of its fence, see FENCE_ROW
    ],
    align=True,
)
assert PRESENCE.itemsize == 40

NO_FENCE = -1
SUSPECT = np.dtype(
    [
        ("fix_time_ms", "<i8"),
        ("latitude_e7", "<i4"),
        ("longitude_e7", "<i4"),
        ("accuracy_cm", "<i4"),
        ("_pad", "<i4"),
        ("fence_number", "<i4"),  # NO_FENCE
        ("next", "<i4"),
        ("state", "u1"),  # 0, as of who is in no fence
        ("_pad_2", "u1", (7,)),
    ],
    align=True,
)
"""A fix too far away to be believed (semantics T4), kept until others agree with it. It takes a row of PRESENCE, at the
head of the device's list, newest first: whatever ends presence (silence, withdrawal, erasure) ends it, too."""
assert SUSPECT.itemsize == PRESENCE.itemsize
for _name in ("fence_number", "next", "state"):
    assert SUSPECT.fields is not None
    assert PRESENCE.fields is not None
    assert SUSPECT.fields[_name] == PRESENCE.fields[_name]

INTENT = np.dtype(
    [
        ("search_ms", "<i8"),  # latest of each kind; NEVER_MS = none (semantics S-1)
        ("view_ms", "<i8"),
        ("wish_ms", "<i8"),
        ("cart_ms", "<i8"),
        ("category_number", "<i4"),
        ("product_number", "<i4"),  # −1 = the whole category
        ("next", "<i4"),
        ("_pad", "<i4"),
    ],
    align=True,
)
assert INTENT.itemsize == 48

# kinds of fact: the latest of each kind and category holds (S-1)
FACT_SIZE, FACT_PURCHASE, FACT_RETURN, FACT_LIKE, FACT_SURVEY, FACT_AUDIENCE = range(1, 7)
FACT = np.dtype(
    [
        ("time_ms", "<i8"),
        ("category_number", "<i4"),  # the audience's number for FACT_AUDIENCE
        ("value", "<i4"),  # size code; 1 or 0 for FACT_SURVEY (interested) and FACT_AUDIENCE (on the list)
        ("next", "<i4"),
        ("kind", "<i4"),
    ],
    align=True,
)
assert FACT.itemsize == 24

CONTACT_OFFER = 1
CONTACT_MESSAGE = 2
CONTACT = np.dtype(
    [
        ("decided_ms", "<i8"),  # of a message: when it was sent
        ("delivered_ms", "<i8"),  # NEVER_MS = not reported
        ("displayed_ms", "<i8"),
        ("ended_ms", "<i8"),  # latest of dismissed and redeemed
        ("decision_key", "<i8"),  # partition << 56 | sequence; −1 = not committed; of a message: its source
        ("store_number", "<i4"),  # the visited store, −1 = none
        ("offer_number", "<i4"),
        ("category_number", "<i4"),
        ("campaign_number", "<i4"),  # −1 = none
        ("next", "<i4"),
        ("kind", "u1"),  # CONTACT_OFFER or CONTACT_MESSAGE
        ("is_shadow", "u1"),  # 1 = held out: counts, but nothing was sent
        ("_pad", "u1", (2,)),
    ],
    align=True,
)
assert CONTACT.itemsize == 64

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
    suspects: StructArray  # SUSPECT: the memory of `presences`
    free: Int64Array
    zone_starts: Int32Array  # by zone number, one more than zones; zone 0 is UTC
    zone_steps: StructArray  # ZONE_STEP, ascending per zone


ZONE_STEP = np.dtype([("from_ms", "<i8"), ("offset_ms", "<i8")], align=True)
"""From `from_ms` on, local wall time = UTC + offset_ms."""

CLOSURE = np.dtype(
    [("from_ms", "<i8"), ("until_ms", "<i8"), ("kind", "<i4"), ("next", "<i4")],  # SwitchKind
    align=True,
)

NO_LIMIT = 2**62


class LiveTables(NamedTuple):
    """What changes between two publishes: stock of all stores, closures, what is left of campaigns."""

    stock: StructArray  # STOCK, open addressing by (store, variant), capacity a power of two
    store_versions: Int64Array  # by store number; counts changes that may make a new try worthwhile
    closures: StructArray  # CLOSURE
    closure_heads: Int32Array  # by store number, −1 = none
    campaign_remaining: Int64Array  # by campaign number, NO_LIMIT = no total; slightly old (semantics D10)


STORE_ROW = np.dtype(
    [
        ("version", "<i8"),  # catalog generation of the last change that touches this store's offers
        ("hours_start", "<i4"),  # into CommerceTables.hours
        ("hours_count", "<i4"),
        ("live", "<i4"),
        ("has_dwell_offers", "<i4"),  # 1 = an offer of this store waits for a dwell
        ("hours_known", "<i4"),  # 0 = unknown, which is not closed: the campaign decides (semantics H1)
        ("zone_number", "<i4"),
        ("latitude_e7", "<i4"),
        ("longitude_e7", "<i4"),
        ("neighbour_start", "<i4"),  # into CommerceTables.neighbours
        ("neighbour_count", "<i4"),
        ("is_online", "<i4"),  # the web shop's warehouse: what it has is shipped
        ("_pad", "<i4"),
    ],
    align=True,
)
CATEGORY_ROW = np.dtype(
    [
        ("wait_ms", "<i8"),  # 0 = none
        ("max_cut_percent", "<i4"),  # of all its offers, at all stores and times of this catalog
        ("is_consumable", "u1"),
        ("search_lifts_wait", "u1"),
        ("is_special", "u1"),
        ("_pad", "u1"),
    ],
    align=True,
)
CAMPAIGN_ROW = np.dtype(
    [
        ("experiment_key", "<i8"),
        ("held_out_threshold", "<i8"),  # of 2⁶³
        ("score_floor", "<i4"),
        ("channels", "<i4"),  # mask of Channel bits, 0 = all
        ("account_kinds", "<i4"),  # mask of AccountKind bits
        ("audience_number", "<i4"),  # −1 = no list
        ("cap_start", "<i4"),  # into CommerceTables.cap_rules; its own, beside the policy's
        ("cap_count", "<i4"),
        ("minimum_tier", "u1"),
        ("paused", "u1"),
        ("is_open_when_hours_unknown", "u1"),
        ("offers_other_branch", "u1"),
        ("offers_shipping", "u1"),
        ("_pad", "u1", (3,)),
    ],
    align=True,
)
CAP_RULE = np.dtype(
    [
        ("window_ms", "<i8"),
        ("limit_count", "<i8"),
        ("scope", "u1"),  # CapScope, CapWindow, CapZone, CapEvent
        ("window", "u1"),
        ("zone", "u1"),
        ("event", "u1"),
        ("_pad", "u1", (4,)),
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
        ("safety_stock_count", "<i4"),  # −1 = the policy's
        ("has_sizes", "u1"),
        ("stock_tracked", "u1"),
        ("is_sold_online", "u1"),
        ("live", "u1"),
    ],
    align=True,
)
OFFER_ROW = np.dtype(
    [
        ("valid_from_ms", "<i8"),
        ("valid_until_ms", "<i8"),
        ("product_number", "<i4"),
        ("category_number", "<i4"),
        ("minimum_cut_percent", "<i4"),
        ("max_cut_percent", "<i4"),  # of its product, at all stores and times of this catalog
        ("purposes", "<i4"),  # beyond those of the occasion
        ("campaign_number", "<i4"),  # −1 = none
        ("campaign_row", "<i4"),  # into CommerceTables.campaigns; the last row is that of offers without one
        ("id_rank", "<i4"),  # place among all offer ids of the catalog; ties go to the lower
        ("trigger", "u1"),
        ("paused", "u1"),
        ("everywhere", "u1"),
        ("live", "u1"),
        ("_pad", "u1", (4,)),
    ],
    align=True,
)
PRICE_STEP = np.dtype(
    [
        ("valid_from_ms", "<i8"),
        ("amount_minor", "<i8"),
        ("reference_minor", "<i8"),  # lowest of the 30 days before this step; −1 = none known
        ("cut_percent", "<i8"),  # whole percent under the reference, 0 where it is none or dearer
    ],
    align=True,
)
HOURS = np.dtype([("open_ms", "<i8"), ("close_ms", "<i8")], align=True)
VARIANT = np.dtype([("size_code", "<i4"), ("variant_number", "<i4")], align=True)


class CommerceTables(NamedTuple):
    """One immutable catalog snapshot without its geometry; rows are indexed by number, gaps have live = 0.

    Offers are listed per store and category: `everywhere_offers` by category for offers of every store, and
    `own_offers` for those that name stores; own_offer_starts is by store number, one more than stores.
    """

    stores: StructArray  # STORE_ROW
    hours: StructArray  # HOURS, ascending per store, merged, in UTC
    categories: StructArray  # CATEGORY_ROW
    products: StructArray  # PRODUCT_ROW
    variants: StructArray  # VARIANT, ascending by size code per product
    prices: StructArray  # PRICE_STEP, ascending per list
    own_price_keys: Int64Array  # sorted store_number << 32 | product_number with a list of their own
    own_price_starts: Int32Array
    own_price_counts: Int32Array
    offers: StructArray  # OFFER_ROW
    everywhere_offer_starts: Int32Array  # CSR over categories, length categories + 1
    everywhere_offers: Int32Array  # offer numbers
    own_offer_starts: Int32Array  # CSR over stores, length stores + 1
    own_offer_categories: Int32Array  # ascending per store
    own_offers: Int32Array  # offer numbers, beside own_offer_categories
    campaigns: StructArray  # CAMPAIGN_ROW
    cap_rules: StructArray  # CAP_RULE: the policy's (person and person × store first), then each campaign's
    policy_cap_counts: Int32Array  # shape (2,): the policy's rules that are the same for all offers of a try, and all
    neighbours: Int32Array  # store numbers, nearest first per store
    online_stores: Int32Array  # store numbers whose stock can be shipped home, by store id
