"""What a customer reads: title, store and reason of an offer, in her language.

An offer's bytes come in two parts that protobuf merges when they are put one after the other: the static
part (texts, ids, validity) is the same for everybody of one language and is serialised once per catalog
generation; the dynamic part (decision, price, size, stock, place in the stream) is made per decision.
"""

from __future__ import annotations

from geooffer.engine.decisions import Decision
from geooffer.model.catalog import Texts
from geooffer.model.verdicts import TouchpointKind
from geooffer.rpc.checks import timestamp
from geooffer.v1 import ping_service_pb2 as pb

CHANNEL = "in_app"
FALLBACK_LANGUAGE = "en"
CACHE_ENTRY_COUNT_MAX = 16_384

#: language → kind of intent → sentence; {} is the category's name (quoted in German: it stands in no case)
REASONS: dict[str, dict[TouchpointKind, str]] = {
    "en": {
        TouchpointKind.SEARCH: "because you searched for {}",
        TouchpointKind.VIEW: "because you looked at {}",
        TouchpointKind.WISH: "because {} is on your wish list",
    },
    "de": {
        TouchpointKind.SEARCH: "weil Sie nach „{}“ gesucht haben",
        TouchpointKind.VIEW: "weil Sie sich „{}“ angesehen haben",
        TouchpointKind.WISH: "weil „{}“ auf Ihrer Wunschliste steht",
    },
}

_Key = tuple[str, str, str, TouchpointKind]


def text_in(texts: Texts, language: str, otherwise: str) -> str:
    """The text in `language`, else in English, else any, else `otherwise`."""
    by_language = dict(texts)
    if language in by_language:
        return by_language[language]
    if FALLBACK_LANGUAGE in by_language:
        return by_language[FALLBACK_LANGUAGE]
    return texts[0][1] if texts else otherwise


def language_of(decision: Decision) -> str:
    """Her language if reasons are shipped in it, else English."""
    return decision.language if decision.language in REASONS else FALLBACK_LANGUAGE


def reason_of(decision: Decision) -> str:
    """Why she gets it: "because you searched for Running shoes". The category's name, never her own words."""
    language, category = language_of(decision), decision.category
    name = text_in(category.names, language, category.category_id)
    return REASONS[language][decision.reason_kind].format(name)


class OfferRenderer:
    """Decisions to the bytes of `PersonalOffer`; keeps the static parts of one catalog generation."""

    def __init__(self) -> None:
        self._generation = -1
        self._static: dict[_Key, bytes] = {}

    def render(self, decision: Decision, message_sequence: int, row: int) -> bytes:
        """A serialised PersonalOffer: static bytes first, then what is hers alone."""
        dynamic = pb.PersonalOffer(
            decision_id=decision.decision_id,
            device_key=decision.device_key,
            geofence_id=decision.geofence_id,
            price_minor=decision.amount_minor,
            previous_price_minor=decision.reference_amount_minor,
            currency_code=decision.currency,
            policy_version=decision.policy_version,
            decided_time=timestamp(decision.time_ms),
            message_sequence=message_sequence,
            row=row,
        )
        if decision.size is not None:
            dynamic.size_system = decision.size.system
            dynamic.size_value = decision.size.value
        if decision.stock_as_of_ms is not None:
            dynamic.in_stock_as_of_time.CopyFrom(timestamp(decision.stock_as_of_ms))
        return self._static_part(decision) + dynamic.SerializeToString()

    def _static_part(self, decision: Decision) -> bytes:
        if decision.catalog_generation != self._generation or len(self._static) >= CACHE_ENTRY_COUNT_MAX:
            self._static.clear()
            self._generation = decision.catalog_generation
        key = (decision.offer.offer_id, decision.store.store_id, language_of(decision), decision.reason_kind)
        part = self._static.get(key)
        if part is None:
            part = self._static[key] = _static_bytes(decision)
        return part


def _static_bytes(decision: Decision) -> bytes:
    product, store, language = decision.product, decision.store, language_of(decision)
    return pb.PersonalOffer(
        offer_id=decision.offer.offer_id,
        product_id=product.product_id,
        store_id=store.store_id,
        title=text_in(product.titles, language, product.product_id),
        store_name=store.name,
        valid_until_time=timestamp(decision.offer.valid_until_ms),
        reason=reason_of(decision),
        catalog_generation=decision.catalog_generation,
        language_code=language,
        channel=CHANNEL,
    ).SerializeToString()
