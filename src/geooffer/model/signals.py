"""What people leave behind: touchpoints and consent events, as they come in, in the caller's own ids."""

from __future__ import annotations

from dataclasses import dataclass

from geooffer.model.catalog import Size
from geooffer.model.consent import ConsentMethod
from geooffer.model.kinds import AccountKind, Channel, FulfilmentPreference, IdentityKind
from geooffer.model.verdicts import TouchpointKind


@dataclass(frozen=True, slots=True)
class Identity:
    """A pseudonym of the web shop or the loyalty programme that stands for a person."""

    kind: IdentityKind
    identity_id: str


@dataclass(frozen=True, slots=True)
class IdentityLink:
    """An identity or (`device_key` not 0) a device that stands for a customer from now on."""

    customer_id: str
    identity: Identity | None = None
    device_key: int = 0


@dataclass(frozen=True, slots=True)
class Touchpoint:
    """One signal. Whose: `customer_id`, or an `identity` linked to one. Each kind has a closed field list (S-2),
    checked in engine/touchpoints.py.
    """

    customer_id: str
    kind: TouchpointKind
    time_ms: int
    category_id: str = ""
    product_id: str = ""
    size: Size | None = None
    identity: Identity | None = None
    source: str = ""
    """The system it comes from; two messages of one source at one moment are the same one."""
    search_text: str = ""
    """Mapped to a category at once and dropped."""
    channel: Channel | None = None
    language: str = ""
    fulfilment: FulfilmentPreference | None = None
    is_interested: bool | None = None
    tier: int | None = None
    account_kind: AccountKind | None = None


@dataclass(frozen=True, slots=True)
class ConsentEvent:
    """Purposes (a mask of Purpose bits) given or taken back by one person; a notice version where given."""

    customer_id: str
    purposes: int
    granted: bool
    time_ms: int
    notice_version: str = ""
    language: str = ""
    """Of the text she read; '' = the notice's only one."""
    notice_hash: bytes = b""
    """SHA-256 of that text; b'' = as registered."""
    method: ConsentMethod = ConsentMethod.UNSPECIFIED
    valid_until_ms: int = 0
    """0 = as long as the notice says."""
