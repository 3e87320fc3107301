"""What a customer reads: title, store, price and reason of an offer, in her language.

An offer's bytes come in two parts that protobuf merges when they are put one after the other: the static
part (texts, ids, validity) is the same for everybody of one language and is serialised once per catalog
generation; the dynamic part (decision, price, size, stock, place in the stream) is made per decision.

How an offer was scored is not told here: neither a device nor a gateway learns it (DiagnosticsService.GetDecision).
"""

from __future__ import annotations

from geooffer.engine.decisions import Decision
from geooffer.model.catalog import Texts
from geooffer.model.kinds import AccountKind, Channel, Fulfilment
from geooffer.model.verdicts import TouchpointKind
from geooffer.rpc.checks import timestamp
from geooffer.v1 import ping_service_pb2 as pb
from geooffer.v1 import places_pb2 as places

FALLBACK_LANGUAGE = "en"
CACHE_ENTRY_COUNT_MAX = 16_384
WHOLE_BASIS_POINTS = 10_000

#: language → kind of interest → sentence; {} is the category's name (quoted in German: it stands in no case).
#: PURCHASE: she bought of it, and is due again.
REASONS: dict[str, dict[TouchpointKind, str]] = {
    "en": {
        TouchpointKind.SEARCH: "because you searched for {}",
        TouchpointKind.VIEW: "because you looked at {}",
        TouchpointKind.WISH: "because {} is on your wish list",
        TouchpointKind.CART: "because {} is in your cart",
        TouchpointKind.PURCHASE: "because your {} may be running low",
    },
    "de": {
        TouchpointKind.SEARCH: "weil Sie nach „{}“ gesucht haben",
        TouchpointKind.VIEW: "weil Sie sich „{}“ angesehen haben",
        TouchpointKind.WISH: "weil „{}“ auf Ihrer Wunschliste steht",
        TouchpointKind.CART: "weil „{}“ in Ihrem Warenkorb liegt",
        TouchpointKind.PURCHASE: "weil Ihr Vorrat an „{}“ bald zur Neige gehen könnte",
    },
}
#: language → where the goods are → sentence; {} is the name of the store that has them
ALTERNATIVES: dict[str, dict[Fulfilment, str]] = {
    "en": {Fulfilment.OTHER_BRANCH: "available at {}", Fulfilment.SHIP_TO_HOME: "can be shipped to you"},
    "de": {
        Fulfilment.OTHER_BRANCH: "erhältlich bei „{}“",
        Fulfilment.SHIP_TO_HOME: "kann zu Ihnen nach Hause geliefert werden",
    },
}

_Key = tuple[str, str, str, str, TouchpointKind, Fulfilment, Channel]


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


def alternative_of(decision: Decision) -> str:
    """Where the goods are if not here: "available at Ku'damm"; '' where they are here."""
    sentence = ALTERNATIVES[language_of(decision)].get(decision.fulfilment, "")
    return sentence.format(decision.supply_store.name or decision.supply_store.store_id)


def net_minor(gross_minor: int, vat_basis_points: int) -> int:
    """The price without value added tax, half a minor unit rounded up; exact in integers."""
    divisor = WHOLE_BASIS_POINTS + vat_basis_points
    return (2 * gross_minor * WHOLE_BASIS_POINTS + divisor) // (2 * divisor)


def channel_name(channel: Channel) -> str:
    """As offers tell it: "in_app"."""
    return channel.name.lower()


class OfferRenderer:
    """Decisions to the bytes of `PersonalOffer`; keeps the static parts of one catalog generation."""

    def __init__(self) -> None:
        self._generation = -1
        self._static: dict[_Key, bytes] = {}

    def render(self, decision: Decision, message_sequence: int, row: int) -> bytes:
        """A serialised PersonalOffer: static bytes first, then what is hers alone."""
        price_minor, previous_minor = decision.amount_minor, decision.reference_amount_minor
        kind = pb.PRICE_KIND_GROSS
        if decision.account_kind is AccountKind.BUSINESS:
            kind = pb.PRICE_KIND_NET
            price_minor = net_minor(price_minor, decision.product.vat_basis_points)
            previous_minor = net_minor(previous_minor, decision.product.vat_basis_points)
        dynamic = pb.PersonalOffer(
            decision_id=decision.decision_id,
            device_key=decision.device_key,
            geofence_id=decision.geofence_id,
            price_minor=price_minor,
            previous_price_minor=previous_minor,
            price_kind=kind,
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
        key = (
            decision.offer.offer_id,
            decision.store.store_id,
            decision.supply_store.store_id,
            language_of(decision),
            decision.reason_kind,
            decision.fulfilment,
            decision.channel,
        )
        part = self._static.get(key)
        if part is None:
            part = self._static[key] = _static_bytes(decision)
        return part


def _static_bytes(decision: Decision) -> bytes:
    product, store, supply, language = decision.product, decision.store, decision.supply_store, language_of(decision)
    offer = pb.PersonalOffer(
        offer_id=decision.offer.offer_id,
        product_id=product.product_id,
        store_id=store.store_id,
        title=text_in(product.titles, language, product.product_id),
        store_name=store.name,
        valid_until_time=timestamp(decision.offer.valid_until_ms),
        reason=reason_of(decision),
        catalog_generation=decision.catalog_generation,
        language_code=language,
        channel=channel_name(decision.channel),
        fulfilment=int(decision.fulfilment),  # type: ignore[arg-type]
        supply_store_id=supply.store_id,
        supply_store_name=supply.name,
        alternative=alternative_of(decision),
    )
    if decision.fulfilment is Fulfilment.OTHER_BRANCH:
        way = places.Place(latitude_e7=supply.latitude_e7, longitude_e7=supply.longitude_e7)
        offer.supply_place.CopyFrom(way)
    return offer.SerializeToString()
