"""Lines of the tables about people as nouns.

All raise InvalidArgumentError naming the column, never a value.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TypeVar

from geooffer.engine.touchpoints import check_fields
from geooffer.errors import InvalidArgumentError
from geooffer.importers import values
from geooffer.importers.cells import Cells, optional_id, optional_size
from geooffer.model import keys, limits
from geooffer.model.catalog import Customer
from geooffer.model.kinds import AccountKind, Channel, FulfilmentPreference, IdentityKind
from geooffer.model.signals import Identity, IdentityLink, Touchpoint
from geooffer.model.verdicts import TouchpointKind

_IDENTITY_COLUMNS = {"web_id": IdentityKind.WEB, "loyalty_id": IdentityKind.LOYALTY}

E = TypeVar("E", bound=IntEnum)


def read_customer(line: Cells) -> Customer:
    """A person, her devices, her language, her zone."""
    parts = [part for part in values.parts(line["device_keys"]) if part]
    devices = [keys.device_key(part) for part in parts]
    if any(not part.strip("-0") for part in parts):
        raise values.refuse("device_keys", "0 is no device key")
    if len(set(devices)) != len(devices):
        raise values.refuse("device_keys", "names a device twice")
    if len(devices) > limits.DEVICES_PER_CUSTOMER_COUNT_MAX:
        raise values.refuse("device_keys", f"more than {limits.DEVICES_PER_CUSTOMER_COUNT_MAX}")
    return Customer(
        customer_id=values.identifier(line["customer_id"], "customer_id"),
        device_keys=tuple(sorted(devices)),
        language=values.language(line.get("language", "") or "en", "language"),
        time_zone=values.time_zone(zone, "time_zone") if (zone := line.get("time_zone", "")) else "",
    )


def read_touchpoint(line: Cells) -> Touchpoint:
    """One signal. Which cells its kind may have is checked here as the server does (engine/touchpoints.py)."""
    customer_id, identity = _person(line)
    text, tier, language = line.get("search_text", ""), line.get("tier", ""), line.get("language", "")
    if len(text) > limits.SEARCH_TEXT_LENGTH_MAX:
        raise values.refuse("search_text", f"longer than {limits.SEARCH_TEXT_LENGTH_MAX} characters")
    touchpoint = Touchpoint(
        customer_id=customer_id,
        kind=TouchpointKind[values.choice(line["kind"], "kind", TouchpointKind.__members__)],
        time_ms=values.time_ms(line["event_time"], "event_time"),
        category_id=optional_id(line, "category_id"),
        product_id=optional_id(line, "product_id"),
        size=optional_size(line),
        identity=identity,
        source=optional_id(line, "source"),
        search_text=values.short_text(text, "search_text"),
        channel=_optional_choice(line, "channel", Channel),
        language=values.language(language, "language") if language else "",
        fulfilment=_optional_choice(line, "fulfilment", FulfilmentPreference),
        is_interested=values.truth(interested, "is_interested", default=False)
        if (interested := line.get("is_interested", ""))
        else None,
        tier=values.integer(tier, "tier", 0, limits.LOYALTY_TIER_MAX) if tier else None,
        account_kind=_optional_choice(line, "account_kind", AccountKind),
    )
    try:
        check_fields(touchpoint)
    except InvalidArgumentError as error:
        raise values.refuse(error.field or "kind", error.message) from None
    return touchpoint


def _person(line: Cells) -> tuple[str, Identity | None]:
    """Whose: customer_id, or the identity that web_id or loyalty_id is; exactly one of the three."""
    given = [column for column in ("customer_id", *_IDENTITY_COLUMNS) if line.get(column, "")]
    if len(given) != 1:
        raise values.refuse("customer_id", "exactly one of customer_id, web_id and loyalty_id is needed")
    identifier = values.identifier(line[given[0]], given[0])
    if given[0] == "customer_id":
        return identifier, None
    return "", Identity(_IDENTITY_COLUMNS[given[0]], identifier)


def _optional_choice(line: Cells, column: str, kind: type[E]) -> E | None:
    """A choice by name, or None where the cell is empty or the column missing."""
    text = line.get(column, "")
    return kind[values.choice(text, column, kind.__members__)] if text else None


def read_identity(line: Cells) -> IdentityLink:
    """What stands for a customer: a device, a web shop's or a loyalty programme's pseudonym."""
    customer_id = values.identifier(line["customer_id"], "customer_id")
    given = [column for column in ("device_key", *_IDENTITY_COLUMNS) if line.get(column, "")]
    if len(given) != 1:
        raise values.refuse("device_key", "exactly one of device_key, web_id and loyalty_id is needed")
    text = line[given[0]]
    if given[0] != "device_key":
        return IdentityLink(customer_id, Identity(_IDENTITY_COLUMNS[given[0]], values.identifier(text, given[0])))
    if not text.strip("-0"):
        raise values.refuse("device_key", "0 is no device key")
    return IdentityLink(customer_id, device_key=keys.device_key(text))
