"""Touchpoints: each kind's closed field list (semantics S-2), checked and turned into the caller-free record.

| kind | subject | further fields |
|------|---------|----------------|
| SEARCH | category, product or search text | size |
| VIEW, WISH, CART | category or product | size |
| PURCHASE | category or product | size |
| RETURN, SOCIAL_LIKE | category or product | – |
| PREFERENCE | category with a size, or none | size, channel, language, fulfilment; at least one |
| CONTACTED | category, product or none | source (required), channel |
| SURVEY_ANSWER | category or product | is_interested (required) |
| LOYALTY_UPDATE | – | tier (required) |
| CRM_PROFILE | – | account_kind, language; at least one |
"""

from __future__ import annotations

from typing import NamedTuple

from geooffer.errors import InvalidArgumentError
from geooffer.model.limits import LOYALTY_TIER_MAX
from geooffer.model.signals import Touchpoint
from geooffer.model.verdicts import INTEREST_KINDS, Purpose, TouchpointKind

K = TouchpointKind


class FieldList(NamedTuple):
    """What a kind may carry. `subject`: required, optional or none; `any_of`: at least one of them."""

    subject: str
    optional: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    any_of: frozenset[str] = frozenset()

    @property
    def allowed(self) -> frozenset[str]:
        """All further fields."""
        return self.optional | self.required | self.any_of


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


FIELD_LISTS: dict[TouchpointKind, FieldList] = {
    K.SEARCH: FieldList("required", optional=_names("search_text size")),
    K.VIEW: FieldList("required", optional=_names("size")),
    K.WISH: FieldList("required", optional=_names("size")),
    K.CART: FieldList("required", optional=_names("size")),
    K.PURCHASE: FieldList("required", optional=_names("size")),
    K.RETURN: FieldList("required"),
    K.SOCIAL_LIKE: FieldList("required"),
    K.PREFERENCE: FieldList("optional", any_of=_names("size channel language fulfilment")),
    K.CONTACTED: FieldList("optional", required=_names("source"), optional=_names("channel")),
    K.SURVEY_ANSWER: FieldList("required", required=_names("is_interested")),
    K.LOYALTY_UPDATE: FieldList("none", required=_names("tier")),
    K.CRM_PROFILE: FieldList("none", any_of=_names("account_kind language")),
}
_FURTHER = [
    "size",
    "source",
    "search_text",
    "channel",
    "language",
    "fulfilment",
    "is_interested",
    "tier",
    "account_kind",
]
assert set(FIELD_LISTS) == set(TouchpointKind)


def needed_purpose(kind: TouchpointKind) -> Purpose:
    """What she must have consented to before a touchpoint is kept (S3)."""
    return Purpose.SEARCH_INTENT_USE if kind in INTEREST_KINDS else Purpose.PERSONALISED_OFFERS


def check_fields(touchpoint: Touchpoint) -> None:
    """Raise InvalidArgumentError naming the first field that the kind does not have, or lacks."""
    kind, fields = touchpoint.kind, FIELD_LISTS[touchpoint.kind]
    given = {name for name in _FURTHER if getattr(touchpoint, name) not in (None, "")}
    for name in _FURTHER:
        # a source may stand with every kind: it names the system and is not kept
        if name in given and name not in fields.allowed and name != "source":
            raise InvalidArgumentError(f"a touchpoint of kind {kind.name} has no {name}", field=name)
    for name in sorted(fields.required - given):
        raise InvalidArgumentError(f"a touchpoint of kind {kind.name} needs {name}", field=name)
    if fields.any_of and not fields.any_of & given:
        raise InvalidArgumentError(f"a touchpoint of kind {kind.name} needs one of {', '.join(sorted(fields.any_of))}")
    subjects = sum(bool(value) for value in (touchpoint.category_id, touchpoint.product_id, touchpoint.search_text))
    if subjects > 1:
        raise InvalidArgumentError("name one of category, product and search text", field="category_id")
    if fields.subject == "required" and subjects == 0:
        raise InvalidArgumentError(f"a touchpoint of kind {kind.name} needs a category or product", field="category_id")
    if fields.subject == "none" and subjects:
        raise InvalidArgumentError(
            f"a touchpoint of kind {kind.name} has no category and no product", field="category_id"
        )
    if kind is K.PREFERENCE and touchpoint.product_id:
        raise InvalidArgumentError("a preference is about a category, not about a product", field="product_id")
    if kind is K.PREFERENCE and (touchpoint.size is not None) != bool(touchpoint.category_id):
        raise InvalidArgumentError("a preferred size needs its category, and a category a size", field="size")
    if touchpoint.tier is not None and not 0 <= touchpoint.tier <= LOYALTY_TIER_MAX:
        raise InvalidArgumentError(f"tier must be 0..{LOYALTY_TIER_MAX}", field="tier")
