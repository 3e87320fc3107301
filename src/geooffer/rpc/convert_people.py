"""Customers, touchpoints and identities to and from the wire. No error quotes a value: they are persons'."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, TypeVar

from google.protobuf.unknown_fields import UnknownFieldSet

from geooffer.engine.profiles import Profile
from geooffer.errors import InvalidArgumentError
from geooffer.model import limits
from geooffer.model.catalog import Customer
from geooffer.model.kinds import AccountKind, Channel, FulfilmentPreference, IdentityKind
from geooffer.model.signals import Identity, IdentityLink, Touchpoint
from geooffer.model.verdicts import TouchpointKind
from geooffer.rpc import checks
from geooffer.rpc.convert import decode_size, encode_size
from geooffer.v1 import signal_service_pb2 as pb

LANGUAGE_DEFAULT = "en"
IDENTITY_FIELDS = {IdentityKind.WEB: "web_id", IdentityKind.LOYALTY: "loyalty_id"}

E = TypeVar("E", bound=IntEnum)


def decode_customer(message: pb.Customer) -> Customer:
    """Raises InvalidArgumentError."""
    keys = tuple(sorted(message.device_keys))
    if len(keys) > limits.DEVICES_PER_CUSTOMER_COUNT_MAX or len(set(keys)) != len(keys) or 0 in keys:
        rule = f"device_keys may be {limits.DEVICES_PER_CUSTOMER_COUNT_MAX} at most, none 0, each once"
        raise InvalidArgumentError(rule, field="device_keys")
    code, zone = message.language_code, message.time_zone
    return Customer(
        customer_id=checks.identifier(message.customer_id, "customer_id"),
        device_keys=keys,
        language=checks.language(code) if code else LANGUAGE_DEFAULT,
        time_zone=checks.time_zone(zone) if zone else "",
    )


def encode_customer(customer: Customer) -> pb.Customer:
    """The wire form."""
    return pb.Customer(
        customer_id=customer.customer_id,
        device_keys=customer.device_keys,
        language_code=customer.language,
        time_zone=customer.time_zone,
    )


def encode_profile(profile: Profile) -> pb.CustomerProfile:
    """The wire form."""
    return pb.CustomerProfile(
        language_code=profile.language,
        preferred_channel=int(profile.channel or 0),  # type: ignore[arg-type]
        fulfilment_preference=int(profile.fulfilment or 0),  # type: ignore[arg-type]
        tier=profile.tier,
        account_kind=int(profile.account_kind),  # type: ignore[arg-type]
        identity_count=profile.identity_count,
    )


# -- touchpoints ---------------------------------------------------------------------------------------------


def decode_touchpoint(message: pb.Touchpoint) -> Touchpoint:
    """Raises InvalidArgumentError. Fields the API does not know are refused, not skipped (S-2); which of the known
    ones a kind may carry is engine/touchpoints.py's to say."""
    if len(UnknownFieldSet(message)):
        raise InvalidArgumentError("a touchpoint holds a field that is not taken")
    code = message.language_code
    customer_id, identity = decode_person(message)
    text = checks.text(message.search_text, "search_text", length_max=limits.SEARCH_TEXT_LENGTH_MAX)
    return Touchpoint(
        customer_id=customer_id,
        kind=_choice(TouchpointKind, message.kind, "kind"),
        time_ms=checks.time_ms(message, "event_time"),
        category_id=checks.identifier(message.category_id, "category_id", required=False),
        product_id=checks.identifier(message.product_id, "product_id", required=False),
        size=decode_size(message.size) if message.HasField("size") else None,
        identity=identity,
        source=checks.identifier(message.source, "source", required=False),
        search_text=text,
        channel=_stated(Channel, message.channel, "channel"),
        language=checks.language(code) if code else "",
        fulfilment=_stated(FulfilmentPreference, message.fulfilment, "fulfilment"),
        is_interested=message.is_interested if message.HasField("is_interested") else None,
        tier=message.tier if message.HasField("tier") else None,
        account_kind=_stated(AccountKind, message.account_kind, "account_kind"),
    )


def decode_person(message: Any) -> tuple[str, Identity | None]:
    """Whose: customer_id, or the identity that web_id or loyalty_id is. Raises InvalidArgumentError unless exactly one
    of the three is set."""
    if sum((bool(message.customer_id), bool(message.web_id), bool(message.loyalty_id))) != 1:
        rule = "exactly one of customer_id, web_id and loyalty_id is needed"
        raise InvalidArgumentError(rule, field="customer_id")
    if message.customer_id:
        return checks.identifier(message.customer_id, "customer_id"), None
    if message.web_id:
        return "", Identity(IdentityKind.WEB, checks.identifier(message.web_id, "web_id"))
    return "", Identity(IdentityKind.LOYALTY, checks.identifier(message.loyalty_id, "loyalty_id"))


def _choice(kind: type[E], value: int, field: str) -> E:
    return kind(checks.integer(value, min(kind), max(kind), field))


def _stated(kind: type[E], value: int, field: str) -> E | None:
    """An optional choice; the wire's 0 is none."""
    return _choice(kind, value, field) if value else None


def encode_touchpoint(touchpoint: Touchpoint) -> pb.Touchpoint:
    """The wire form."""
    message = pb.Touchpoint(
        customer_id=touchpoint.customer_id,
        kind=int(touchpoint.kind),  # type: ignore[arg-type]
        event_time=checks.timestamp(touchpoint.time_ms),
        source=touchpoint.source,
        channel=int(touchpoint.channel or 0),  # type: ignore[arg-type]
        language_code=touchpoint.language,
        fulfilment=int(touchpoint.fulfilment or 0),  # type: ignore[arg-type]
        is_interested=touchpoint.is_interested,
        tier=touchpoint.tier,
        account_kind=int(touchpoint.account_kind or 0),  # type: ignore[arg-type]
    )
    # one of them; setting the next would clear the one before
    for field in ("category_id", "product_id", "search_text"):
        if getattr(touchpoint, field):
            setattr(message, field, getattr(touchpoint, field))
    if touchpoint.identity is not None:
        setattr(message, IDENTITY_FIELDS[touchpoint.identity.kind], touchpoint.identity.identity_id)
    if touchpoint.size is not None:
        message.size.CopyFrom(encode_size(touchpoint.size))
    return message


# -- identities ----------------------------------------------------------------------------------------------


def decode_identity_link(message: pb.IdentityLink) -> IdentityLink:
    """Raises InvalidArgumentError."""
    customer_id = checks.identifier(message.customer_id, "customer_id")
    match message.WhichOneof("identity"):
        case "device_key" if message.device_key:
            return IdentityLink(customer_id, device_key=message.device_key)
        case "web_id":
            identity = Identity(IdentityKind.WEB, checks.identifier(message.web_id, "web_id"))
            return IdentityLink(customer_id, identity)
        case "loyalty_id":
            identity = Identity(IdentityKind.LOYALTY, checks.identifier(message.loyalty_id, "loyalty_id"))
            return IdentityLink(customer_id, identity)
    rule = "a device_key other than 0, a web_id or a loyalty_id is needed"
    raise InvalidArgumentError(rule, field="identity")


def encode_identity_link(link: IdentityLink) -> pb.IdentityLink:
    """The wire form."""
    message = pb.IdentityLink(customer_id=link.customer_id)
    if link.identity is not None:
        setattr(message, IDENTITY_FIELDS[link.identity.kind], link.identity.identity_id)
    else:
        message.device_key = link.device_key
    return message
