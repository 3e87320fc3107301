"""Lines of the tables about consent: events, and the notices they name. Unknown is no: a grant with a malformed cell is
refused; of a withdrawal nothing is looked at that could keep it from being heard.

All raise InvalidArgumentError naming the column, never a value.
"""

from __future__ import annotations

import re

from geooffer.importers import values
from geooffer.importers.cells import Cells, purposes
from geooffer.model import limits
from geooffer.model.consent import ConsentMethod, Notice
from geooffer.model.signals import ConsentEvent

HASH_PREFIX = "sha256"
_HASH = re.compile(r"[0-9a-fA-F]{64}")
_METHODS = {method.name: method for method in ConsentMethod if method is not ConsentMethod.OWN_DEVICE}


def read_consent(line: Cells) -> ConsentEvent:
    """Purposes given or taken back."""
    if not line["granted"]:
        raise values.refuse("granted", "is missing")  # unknown = no: a blank cell never gives consent
    granted = values.truth(line["granted"], "granted", default=False)
    mask = purposes(line["purposes"], "purposes")
    if not mask:
        raise values.refuse("purposes", "is missing")
    event = ConsentEvent(
        customer_id=values.identifier(line["customer_id"], "customer_id"),
        purposes=mask,
        granted=granted,
        time_ms=values.time_ms(line["event_time"], "event_time"),
        method=_METHODS.get(line.get("method", "").upper().replace("-", "_"), ConsentMethod.UNSPECIFIED),
    )
    return _grant(line, event) if granted else event


def _grant(line: Cells, event: ConsentEvent) -> ConsentEvent:
    notice, language, method = line.get("notice_version", ""), line.get("language", ""), line.get("method", "")
    if not 1 <= len(notice) <= limits.ID_LENGTH_MAX:
        raise values.refuse("notice_version", f"needed where granted, 1 to {limits.ID_LENGTH_MAX} characters")
    end, digest = line.get("valid_until_time", ""), line.get("notice_sha256", "")
    valid_until_ms = values.time_ms(end, "valid_until_time") if end else 0
    if end and valid_until_ms <= event.time_ms:
        raise values.refuse("valid_until_time", "not after event_time")
    if method:
        values.choice(method, "method", _METHODS)
    return ConsentEvent(
        customer_id=event.customer_id,
        purposes=event.purposes,
        granted=True,
        time_ms=event.time_ms,
        notice_version=values.short_text(notice, "notice_version"),
        language=values.language(language, "language") if language else "",
        notice_hash=bytes.fromhex(_digest(digest, "notice_sha256")) if digest else b"",
        method=event.method,
        valid_until_ms=valid_until_ms,
    )


def read_notice(line: Cells) -> Notice:
    """A text people are shown; a column per language has the SHA-256 of its text."""
    hashes = {
        name.removeprefix(f"{HASH_PREFIX}_"): _digest(cell, name)
        for name, cell in line.items()
        if name.startswith(f"{HASH_PREFIX}_") and cell
    }
    if not hashes:
        raise values.refuse(f"{HASH_PREFIX}_en", "or that of another language is needed")
    mask = purposes(line["purposes"], "purposes")
    if not mask:
        raise values.refuse("purposes", "is missing")
    recipients = tuple(values.short_text(part, "recipients") for part in values.parts(line.get("recipients", "")))
    if len(recipients) > limits.NOTICE_RECIPIENT_COUNT_MAX:
        raise values.refuse("recipients", f"more than {limits.NOTICE_RECIPIENT_COUNT_MAX}")
    days = line.get("validity_days", "")
    return Notice(
        notice_version=values.identifier(line["notice_version"], "notice_version"),
        effective_ms=values.time_ms(line["effective_time"], "effective_time"),
        purposes=mask,
        text_hashes=tuple(sorted(hashes.items())),
        controller=_needed(line["controller"], "controller"),
        recipients=recipients,
        withdrawal_method=_needed(line["withdrawal_method"], "withdrawal_method"),
        retention_reference=values.short_text(line.get("retention_reference", ""), "retention_reference"),
        validity_days=values.integer(days, "validity_days", 0, limits.NOTICE_VALIDITY_MAX_DAYS) if days else 0,
    )


def _digest(text: str, column: str) -> str:
    if not _HASH.fullmatch(text):
        raise values.refuse(column, "not the 64 hexadecimal digits of a SHA-256")
    return text.lower()


def _needed(text: str, column: str) -> str:
    if not text:
        raise values.refuse(column, "is missing")
    return values.short_text(text, column)
