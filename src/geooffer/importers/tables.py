"""The CSV tables: which columns each has, and which of them identify a line.

A column that a table does not know is refused, as is a missing required one: a misspelt column would
otherwise be a silent default. Texts have a column per language (`title_en`, `title_de`); lists are separated
by `|`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from geooffer.importers import campaign_lines, catalog_lines, consent_lines, fence_lines, people_lines
from geooffer.importers.campaign_lines import AudienceMember
from geooffer.importers.cells import Cells
from geooffer.model.catalog import (
    Audience,
    Campaign,
    Category,
    Customer,
    Geofence,
    Offer,
    Price,
    Product,
    StockFigure,
    Store,
)
from geooffer.model.consent import Notice
from geooffer.model.exclusion import ExclusionZone
from geooffer.model.signals import ConsentEvent, IdentityLink, Touchpoint

CatalogItem = Store | Geofence | Category | Product | Price | Audience | Campaign | Offer | StockFigure | ExclusionZone
Item = CatalogItem | Customer | IdentityLink | Touchpoint | ConsentEvent | Notice | AudienceMember


@dataclass(frozen=True, slots=True)
class Table:
    """How one kind of file is read. `identity` is what may stand in the files of a run once; '' = may
    repeat.
    """

    required: tuple[str, ...]
    optional: tuple[str, ...]
    read: Callable[[Cells], Item]
    identity: Callable[[Item], str]
    text_prefix: str = ""
    """`title` allows the columns title_en, title_de, …"""
    list_prefix: str = ""
    """`synonyms` allows the columns synonyms_en, synonyms_de, …, each a list."""
    text_required: bool = False
    key: tuple[str, ...] = ()
    """Columns that say what a line is about, times aside; () = the first required one."""
    either: tuple[tuple[str, ...], ...] = ()
    """Groups of optional columns of which a file has at least one whole; the first is the usual one."""

    @property
    def key_columns(self) -> tuple[str, ...]:
        """`key`, or what stands for it."""
        return self.key or self.required[:1]


def _no_identity(_: Item) -> str:
    return ""


def _attribute(name: str) -> Callable[[Item], str]:
    def identity(item: Item) -> str:
        value = getattr(item, name)
        assert isinstance(value, str)
        return value

    return identity


def _price_identity(item: Item) -> str:
    assert isinstance(item, Price)
    return f"{item.product_id} {item.store_id} {item.valid_from_ms}"


def _member_identity(item: Item) -> str:
    assert isinstance(item, AudienceMember)
    return f"{item.audience_id} {item.customer_id}"


def _stock_identity(item: Item) -> str:
    assert isinstance(item, StockFigure)
    return f"{item.store_id} {item.product_id} {item.size} {item.as_of_ms}"


def _link_identity(item: Item) -> str:
    assert isinstance(item, IdentityLink)
    return f"{item.identity} {item.device_key}"


TABLES: dict[str, Table] = {
    "stores": Table(
        ("store_id", "latitude", "longitude", "time_zone"),
        ("name", "opening_hours", "country", "region", "tags", "is_online"),
        catalog_lines.read_store,
        _attribute("store_id"),
    ),
    "fences": Table(
        ("geofence_id",),
        (*fence_lines.SHAPE_COLUMNS, *fence_lines.SETTINGS),
        fence_lines.read_fence,
        _attribute("geofence_id"),
        either=(fence_lines.SHAPE_COLUMNS[:3], fence_lines.SHAPE_COLUMNS[3:]),
    ),
    "categories": Table(
        ("category_id",),
        ("size_chart", "repurchase_preset", "wait_days", "is_consumable", "search_lifts_wait", "is_special"),
        catalog_lines.read_category,
        _attribute("category_id"),
        text_prefix="name",
        list_prefix="synonyms",
    ),
    "products": Table(
        ("product_id", "category_id"),
        ("sizes", "stock_tracked", "safety_stock_count", "is_sold_online", "vat_percent"),
        catalog_lines.read_product,
        _attribute("product_id"),
        text_prefix="title",
        text_required=True,
    ),
    "prices": Table(
        ("product_id", "amount_minor", "currency", "valid_from_time"),
        ("store_id",),
        catalog_lines.read_price,
        _price_identity,
        key=("product_id", "store_id"),
    ),
    "audiences": Table(("audience_id",), ("name",), campaign_lines.read_audience, _attribute("audience_id")),
    "campaigns": Table(
        ("campaign_id",),
        (
            "name",
            "paused",
            "budget_count",
            "minimum_tier",
            "account_kinds",
            "channels",
            "audience_id",
            "cap_rules",
            "held_out_percent",
            "score_floor",
            "is_open_when_hours_unknown",
            "offers_other_branch",
            "offers_shipping",
        ),
        campaign_lines.read_campaign,
        _attribute("campaign_id"),
    ),
    "offers": Table(
        ("offer_id", "product_id", "valid_from_time", "valid_until_time"),
        ("store_ids", "minimum_price_cut_percent", "trigger", "paused", "required_purposes", "campaign_id"),
        catalog_lines.read_offer,
        _attribute("offer_id"),
    ),
    "stock": Table(
        ("store_id", "product_id", "available_count", "as_of_time"),
        ("size",),
        catalog_lines.read_stock,
        _stock_identity,
        key=("store_id", "product_id", "size"),
    ),
    "customers": Table(
        ("customer_id", "device_keys"),
        ("language", "time_zone"),
        people_lines.read_customer,
        _attribute("customer_id"),
    ),
    "identities": Table(
        ("customer_id",),
        ("device_key", "web_id", "loyalty_id"),
        people_lines.read_identity,
        _link_identity,
        key=("device_key", "web_id", "loyalty_id"),
    ),
    "audience_members": Table(
        ("audience_id", "customer_id"),
        (),
        campaign_lines.read_audience_member,
        _member_identity,
        key=("audience_id", "customer_id"),
    ),
    "touchpoints": Table(
        ("kind", "event_time"),
        (
            "customer_id",
            "web_id",
            "loyalty_id",
            "category_id",
            "product_id",
            "search_text",
            "size",
            "source",
            "channel",
            "language",
            "fulfilment",
            "is_interested",
            "tier",
            "account_kind",
        ),
        people_lines.read_touchpoint,
        _no_identity,
    ),
    "consents": Table(
        ("customer_id", "purposes", "granted", "event_time"),
        ("notice_version", "language", "notice_sha256", "method", "valid_until_time"),
        consent_lines.read_consent,
        _no_identity,
    ),
    "notices": Table(
        ("notice_version", "effective_time", "purposes", "controller", "withdrawal_method"),
        ("recipients", "retention_reference", "validity_days"),
        consent_lines.read_notice,
        _attribute("notice_version"),
        text_prefix=consent_lines.HASH_PREFIX,
        text_required=True,
    ),
}
"""By the name of the `import` subcommand."""
