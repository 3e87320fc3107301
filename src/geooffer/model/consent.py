"""What a person was told and said (ISO/IEC TS 27560): notices as registered, consent events as recorded."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class ConsentMethod(IntEnum):
    """How she said it. Values are part of the journal format."""

    UNSPECIFIED = 0
    """Of events recorded before methods were."""
    APP = 1
    WEB = 2
    IN_STORE = 3
    PHONE = 4
    PAPER = 5
    CONSENT_TOOL = 6
    """Taken over from the retailer's consent management."""
    OWN_DEVICE = 7
    """Her own call on the data port."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A text that people are shown before they consent. What was registered once does not change; languages may be
    added. Controller, recipients and the rest are facts of the notice: an event names its notice and does not repeat
    them.
    """

    notice_version: str
    """Its id, 1..128 characters."""
    effective_ms: int
    """From when it is shown; of two notices the one with the later moment is newer."""
    purposes: int
    """Mask of Purpose bits; nobody consents to others by it."""
    text_hashes: tuple[tuple[str, str], ...]
    """(language, SHA-256 of the text as 64 hexadecimal digits), sorted by language, each language once."""
    controller: str
    """Who answers for the processing."""
    recipients: tuple[str, ...] = ()
    """To whom data goes, the controller excepted."""
    withdrawal_method: str = ""
    """How she takes it back, as the notice says it."""
    retention_reference: str = ""
    """Where the rules stand for how long what is used on this ground is held."""
    validity_days: int = 0
    """How long consent by this notice holds unless the event says otherwise; 0 = until withdrawn."""

    @property
    def languages(self) -> tuple[str, ...]:
        """In which it is registered."""
        return tuple(language for language, _ in self.text_hashes)

    def text_hash(self, language: str) -> bytes:
        """SHA-256 of the text in a language, 32 bytes; b'' = not registered in it."""
        return bytes.fromhex(dict(self.text_hashes).get(language, ""))


@dataclass(frozen=True, slots=True)
class RecordedConsent:
    """One consent event as the ledger holds it. Events from before notices were registered have only the first four."""

    granted: bool
    time_ms: int
    """When she said so."""
    notice_version: str
    """'' for a withdrawal."""
    purposes: int = 0
    """All that the event is about, as a mask of Purpose bits."""
    language: str = ""
    """Of the text she read; '' = not known."""
    notice_hash: bytes = b""
    """SHA-256 of that text, 32 bytes; b'' = not known."""
    method: int = 0
    """ConsentMethod."""
    valid_until_ms: int = 0
    """The first moment at which it does not hold any more; 0 = until withdrawn."""
    recorded_ms: int = 0
    """When this service took it down; 0 = before that was recorded."""

    def holds_at(self, time_ms: int) -> bool:
        """Whether it is a grant that has not expired; whether a later event wins is not asked."""
        return self.granted and not 0 < self.valid_until_ms <= time_ms
