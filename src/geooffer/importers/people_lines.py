"""Lines of the tables about people as nouns.

All raise InvalidArgumentError naming the column, never a value.
"""

from __future__ import annotations

from geooffer.importers import values
from geooffer.importers.cells import Cells, optional_id, optional_size, purposes
from geooffer.model import keys, limits
from geooffer.model.catalog import Customer
from geooffer.model.signals import ConsentEvent, Touchpoint
from geooffer.model.verdicts import TouchpointKind


def read_customer(line: Cells) -> Customer:
    """A person, her devices, her language."""
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
    )


def read_touchpoint(line: Cells) -> Touchpoint:
    """One signal."""
    category_id, product_id = optional_id(line, "category_id"), optional_id(line, "product_id")
    if bool(category_id) == bool(product_id):
        raise values.refuse("category_id", "exactly one of category_id and product_id is needed")
    kind = TouchpointKind[values.choice(line["kind"], "kind", TouchpointKind.__members__)]
    size = optional_size(line)
    if kind is TouchpointKind.PREFERENCE and (size is None or not category_id):
        raise values.refuse("kind", "PREFERENCE needs category_id and size")
    return Touchpoint(
        customer_id=values.identifier(line["customer_id"], "customer_id"),
        kind=kind,
        time_ms=values.time_ms(line["event_time"], "event_time"),
        category_id=category_id,
        product_id=product_id,
        size=size,
    )


def read_consent(line: Cells) -> ConsentEvent:
    """Purposes given or taken back."""
    if not line["granted"]:
        raise values.refuse("granted", "is missing")  # unknown = no: a blank cell never gives consent
    granted = values.truth(line["granted"], "granted", default=False)
    mask = purposes(line["purposes"], "purposes")
    if not mask:
        raise values.refuse("purposes", "is missing")
    notice = line.get("notice_version", "")
    if granted and not 1 <= len(notice) <= limits.ID_LENGTH_MAX:
        raise values.refuse("notice_version", f"needed where granted, 1 to {limits.ID_LENGTH_MAX} characters")
    values.short_text(notice, "notice_version")
    return ConsentEvent(
        customer_id=values.identifier(line["customer_id"], "customer_id"),
        purposes=mask,
        granted=granted,
        time_ms=values.time_ms(line["event_time"], "event_time"),
        notice_version=notice if granted else "",
    )
