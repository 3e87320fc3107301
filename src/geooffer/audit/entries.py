"""An entry of the audit log as a line, and the chain that holds the lines together.

    <hash> {"kind":"consent","lsn":…,"number":…,"time_ms":…,"role":"operator","caller":"…","subject":"…","sealed":"…"}

    hash(n) = SHA-256(hash(n − 1) ‖ text(n))        hash(0) = 32 zero bytes

`caller` and `subject` are keyed hashes (audit/keys.py). What concerns a person is in `sealed`, encrypted under a key of
her own; what concerns nobody is in `payload`. The chain runs over what is written, so that it holds, and is checked,
without any key.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from geooffer.errors import JournalError

HASH_SIZE_BYTES = 32
GENESIS = bytes(HASH_SIZE_BYTES)

DECISION: Final = "decision"
OUTCOME: Final = "outcome"
CONSENT: Final = "consent"
POLICY: Final = "policy"
ADMIN: Final = "admin"
RIGHTS: Final = "rights"
SECURITY: Final = "security"
SEAL: Final = "seal"
"""A signature over all before it (audit/log.py)."""
KINDS: Final = (DECISION, OUTCOME, CONSENT, POLICY, ADMIN, RIGHTS, SECURITY, SEAL)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line. Empty fields are not written."""

    number: int
    """From 1, without a gap."""
    time_ms: int
    """When it happened, by the service's clock where the record says it, else when it was written here."""
    kind: str
    lsn: int
    """The commit of the journal it was made of; of what the log says of itself: the latest before."""
    role: str = ""
    """Of the token; '' = the service itself, or a phone's pings."""
    caller: str = ""
    """Keyed hash of the token's subject, in hex."""
    method: str = ""
    subject: str = ""
    """Keyed hash of the person it is about, in hex."""
    payload: Mapping[str, Any] | None = None
    epoch: int | None = None
    """Of the key it is encrypted under, where that goes before the log does (audit/keys.py)."""
    sealed: str = ""
    """The payload, encrypted: nonce and ciphertext in base64."""

    def text(self) -> str:
        """What stands behind the hash: canonical JSON."""
        told = {name: value for name in _FIELDS if (value := getattr(self, name)) not in ("", None)}
        return json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


_FIELDS: Final = tuple(field.name for field in fields(AuditEntry))
"""`asdict` copies all they hold: a quarter of what an entry cost."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the chain: the number of its latest entry, and the hash up to there."""

    number: int = 0
    hash: bytes = GENESIS


def follow(previous: Place, text: str) -> Place:
    """The place after one more entry."""
    return Place(previous.number + 1, hashlib.sha256(previous.hash + text.encode()).digest())


def line_of(place: Place, text: str) -> bytes:
    """The line of the entry that ends at `place`."""
    return f"{place.hash.hex()} {text}\n".encode()


def read_line(previous: Place, line: bytes) -> tuple[Place, AuditEntry]:
    """The entry of a line without its end, which has to follow `previous`. Raises JournalError, saying where."""
    number = previous.number + 1
    try:
        digest, _, text = line.decode().partition(" ")
        entry = AuditEntry(**json.loads(text))
    except (UnicodeDecodeError, ValueError, TypeError) as error:
        raise JournalError(f"the audit log is damaged at entry {number}") from error
    place = follow(previous, text)
    if entry.number != number:
        raise JournalError(f"the audit log has entry {entry.number} where entry {number} is expected")
    if digest != place.hash.hex():
        raise JournalError(f"the audit log was changed at entry {number}: its hash does not follow")
    return place, entry
