"""Catalog nouns: what a store network registers. Frozen; identified by the network's own string ids.

Ids are 1..128 characters of [A-Za-z0-9._:/-]; texts ≤ 512 characters. engine/registry.py checks references and
gives each noun a dense *number* that is never used again and that all compiled tables speak of.
"""

from __future__ import annotations

from dataclasses import dataclass

from geooffer.model.consent import Notice
from geooffer.model.exclusion import ExclusionZone
from geooffer.model.frequency import CapRule
from geooffer.model.kinds import ALL_ACCOUNTS
from geooffer.model.repurchase import RepurchaseRule
from geooffer.model.shapes import Shape
from geooffer.model.verdicts import OfferTrigger

Texts = tuple[tuple[str, str], ...]
"""(language, text) pairs, language as ISO 639-1 (`en`, `de`), sorted by language, each language once."""


@dataclass(frozen=True, slots=True)
class Store:
    """A branch, or the web shop's warehouse. Presence does not care about its hours (semantics P6)."""

    store_id: str
    name: str
    latitude_e7: int
    longitude_e7: int
    time_zone: str
    opening_hours: str = ""
    """OpenStreetMap's `opening_hours`, read in `time_zone` (semantics H1); '' = hours unknown, no offers."""
    country: str = ""
    """ISO 3166-1 alpha-2, for public holidays; '' = none known."""
    region: str = ""
    """ISO 3166-2 (DE-BE), which adds the public holidays of that part of `country`, or the network's own name of a
    region; closures by region name it either way."""
    tags: tuple[str, ...] = ()
    """Identifiers, sorted, each once; closures by tag name them."""
    is_online: bool = False
    """The web shop's warehouse: no place that is visited; its stock is what can be shipped home."""


@dataclass(frozen=True, slots=True)
class Geofence:
    """A shape that raises enter, dwell and exit; with a `store_id` it also tries that store's offers."""

    geofence_id: str
    shape: Shape
    store_id: str = ""
    name: str = ""
    dwell_ms: int = 0
    """0 = the policy's dwell time, and so for the other numbers of the policy that a fence may override."""
    valid_from_ms: int = 0
    valid_until_ms: int = 0
    """In force in [valid_from_ms, valid_until_ms); 0 = since ever, without end."""
    enter_fix_count: int = 0
    exit_fix_count: int = 0
    inside_accuracy_cm: int = 0
    """A coarser fix is no evidence of being inside; 0 = max(the policy's floor, √(area / π))."""
    outside_margin_cm: int = 0


@dataclass(frozen=True, slots=True)
class Category:
    """What an intent is about ("running-shoes"); `names` are shown in the reason of an offer."""

    category_id: str
    names: Texts = ()
    synonyms: Texts = ()
    """Further words for it, any number per language; search text is matched to names, synonyms and product titles."""
    size_chart: str = ""
    """How sizes of its products are converted (model/sizes.py); '' = taken as given."""
    repurchase_preset: str = ""
    """A name of model/repurchase.py; '' = none."""
    repurchase: RepurchaseRule | None = None
    """The waiting time in its own figures; goes before the preset."""
    is_special: bool = False
    """A special category of personal data (health, …): no intent and no offer without explicit consent (D1.5)."""


@dataclass(frozen=True, slots=True)
class Size:
    """A size is a system and a value: EU 43 is not US 43 (semantics S-2)."""

    system: str
    value: str


@dataclass(frozen=True, slots=True)
class Product:
    """An article. With `sizes` it needs the customer's size; `stock_tracked=False` (a service) skips size and stock."""

    product_id: str
    category_id: str
    titles: Texts
    sizes: tuple[Size, ...] = ()
    stock_tracked: bool = True
    safety_stock_count: int = -1
    """Units never promised; −1 = the policy's."""
    is_sold_online: bool = False
    """May be shipped home, from the stock of an online store (S12)."""
    vat_basis_points: int = 0
    """Value added tax in hundredths of a percent of the net price; 0 = none, net and gross are the same."""


@dataclass(frozen=True, slots=True)
class Price:
    """The gross price of a product from `valid_from_ms` on, at one store or ('' = ) at all stores without their own."""

    product_id: str
    amount_minor: int
    currency: str
    valid_from_ms: int
    store_id: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a store network wants to say about one product: where, when, and at what price cut at least."""

    offer_id: str
    product_id: str
    valid_from_ms: int
    valid_until_ms: int
    store_ids: tuple[str, ...] = ()
    """Sorted; empty = every store."""
    minimum_price_cut_percent: int = 1
    trigger: OfferTrigger = OfferTrigger.ENTER
    paused: bool = False
    required_purposes: int = 0
    """Purposes needed beyond location, search intent and personalised offers, as a mask of Purpose bits."""
    campaign_id: str = ""
    """'' = none: for everybody, without a budget."""


@dataclass(frozen=True, slots=True)
class Audience:
    """An uploaded list of customers; who is on it is kept with each of them."""

    audience_id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Campaign:
    """What several offers share: whom they are for, how many there may be, and what to do in doubt."""

    campaign_id: str
    name: str = ""
    paused: bool = False
    budget_count: int = 0
    """Offers in all, over all persons; 0 = no limit."""
    minimum_tier: int = 0
    """Lowest loyalty tier, 0..9."""
    account_kinds: int = ALL_ACCOUNTS
    """Mask of AccountKind bits."""
    channels: int = 0
    """Mask of Channel bits; 0 = all."""
    audience_id: str = ""
    """Only customers on this list; '' = no list."""
    cap_rules: tuple[CapRule, ...] = ()
    """Beside the policy's; all hold."""
    held_out_per_10000: int = 0
    """Share of persons in its control group (semantics D6)."""
    score_floor: int = 0
    """The greater of this and the policy's holds."""
    is_open_when_hours_unknown: bool = False
    offers_other_branch: bool = False
    offers_shipping: bool = False


@dataclass(frozen=True, slots=True)
class StockFigure:
    """Units on the shelf of one store; `size` is None for a product without sizes."""

    store_id: str
    product_id: str
    size: Size | None
    available_count: int
    as_of_ms: int


@dataclass(frozen=True, slots=True)
class Customer:
    """A person by the retailer's pseudonymous id, her devices, and the language she is addressed in."""

    customer_id: str
    device_keys: tuple[int, ...]
    """Sorted, non-zero int64; a key belongs to one person at most."""
    language: str = "en"
    time_zone: str = ""
    """IANA name; '' = not known, then the store's counts for quiet hours and calendar caps."""


Noun = Store | Geofence | Category | Product | Offer | Campaign | Audience | ExclusionZone | Notice
"""What has create/get/list/update/delete; prices, stock and customers have calls of their own."""
