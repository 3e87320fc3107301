"""What people leave behind: touchpoints and consent events, as they come in, in the caller's own ids."""

from __future__ import annotations

from dataclasses import dataclass

from geooffer.model.catalog import Size
from geooffer.model.verdicts import TouchpointKind


@dataclass(frozen=True, slots=True)
class Touchpoint:
    """One signal. Exactly one of `category_id`, `product_id` is set; PREFERENCE needs a category and a size."""

    customer_id: str
    kind: TouchpointKind
    time_ms: int
    category_id: str = ""
    product_id: str = ""
    size: Size | None = None


@dataclass(frozen=True, slots=True)
class ConsentEvent:
    """Purposes (a mask of Purpose bits) given or taken back by one person; a notice version where given."""

    customer_id: str
    purposes: int
    granted: bool
    time_ms: int
    notice_version: str = ""


@dataclass(frozen=True, slots=True)
class PurposeState:
    """The latest event of one purpose."""

    granted: bool
    time_ms: int
    notice_version: str
