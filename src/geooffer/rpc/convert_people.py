"""Customers, touchpoints and consents to and from the wire. No error quotes a value: they are persons'."""

from __future__ import annotations

from google.protobuf.unknown_fields import UnknownFieldSet

from geooffer.errors import InvalidArgumentError
from geooffer.model import limits
from geooffer.model.catalog import Customer
from geooffer.model.signals import ConsentEvent, PurposeState, Touchpoint
from geooffer.model.verdicts import Purpose, TouchpointKind
from geooffer.rpc import checks
from geooffer.rpc.convert import decode_purposes, decode_size, encode_purposes, encode_size
from geooffer.v1 import consent_service_pb2 as consent_pb
from geooffer.v1 import signal_service_pb2 as pb

LANGUAGE_DEFAULT = "en"


def decode_customer(message: pb.Customer) -> Customer:
    """Raises InvalidArgumentError."""
    keys = tuple(sorted(message.device_keys))
    if len(keys) > limits.DEVICES_PER_CUSTOMER_COUNT_MAX or len(set(keys)) != len(keys) or 0 in keys:
        rule = f"device_keys may be {limits.DEVICES_PER_CUSTOMER_COUNT_MAX} at most, none 0, each once"
        raise InvalidArgumentError(rule, field="device_keys")
    code = message.language_code
    return Customer(
        customer_id=checks.identifier(message.customer_id, "customer_id"),
        device_keys=keys,
        language=checks.language(code) if code else LANGUAGE_DEFAULT,
    )


def encode_customer(customer: Customer) -> pb.Customer:
    """The wire form."""
    return pb.Customer(
        customer_id=customer.customer_id, device_keys=customer.device_keys, language_code=customer.language
    )


def decode_touchpoint(message: pb.Touchpoint) -> Touchpoint:
    """Raises InvalidArgumentError. Fields outside the closed list are refused, not skipped (S-2)."""
    if len(UnknownFieldSet(message)):
        raise InvalidArgumentError("a touchpoint holds a field that is not taken")
    low, high = min(TouchpointKind), max(TouchpointKind)
    kind = TouchpointKind(checks.integer(message.kind, low, high, "kind"))
    customer_id = checks.identifier(message.customer_id, "customer_id")
    subject = message.WhichOneof("subject")
    if subject is None:
        raise InvalidArgumentError("a touchpoint needs category_id or product_id", field="subject")
    checks.identifier(getattr(message, subject), subject)
    size = decode_size(message.size) if message.HasField("size") else None
    if kind is TouchpointKind.PREFERENCE and (subject != "category_id" or size is None):
        raise InvalidArgumentError("a preference needs category_id and size", field="kind")
    return Touchpoint(
        customer_id=customer_id,
        kind=kind,
        time_ms=checks.time_ms(message, "event_time"),
        category_id=message.category_id,
        product_id=message.product_id,
        size=size,
    )


def encode_touchpoint(touchpoint: Touchpoint) -> pb.Touchpoint:
    """The wire form."""
    message = pb.Touchpoint(
        customer_id=touchpoint.customer_id,
        kind=int(touchpoint.kind),  # type: ignore[arg-type]
        event_time=checks.timestamp(touchpoint.time_ms),
    )
    if touchpoint.product_id:
        message.product_id = touchpoint.product_id
    else:
        message.category_id = touchpoint.category_id
    if touchpoint.size is not None:
        message.size.CopyFrom(encode_size(touchpoint.size))
    return message


def decode_consent_event(message: consent_pb.ConsentEvent) -> ConsentEvent:
    """Raises InvalidArgumentError."""
    return ConsentEvent(
        customer_id=checks.identifier(message.customer_id, "customer_id"),
        purposes=decode_purposes(message.purposes, "purposes", required=True),
        granted=message.granted,
        time_ms=checks.time_ms(message, "event_time"),
        notice_version=decode_notice_version(message.notice_version, required=message.granted),
    )


def encode_consent_event(event: ConsentEvent) -> consent_pb.ConsentEvent:
    """The wire form."""
    return consent_pb.ConsentEvent(
        customer_id=event.customer_id,
        purposes=encode_purposes(event.purposes),  # type: ignore[arg-type]
        granted=event.granted,
        event_time=checks.timestamp(event.time_ms),
        notice_version=event.notice_version,
    )


def decode_notice_version(value: str, *, required: bool) -> str:
    """The version of the notice that was shown. Raises InvalidArgumentError."""
    return checks.text(value, "notice_version", required=required, length_max=limits.ID_LENGTH_MAX)


def encode_consents(states: dict[Purpose, PurposeState]) -> list[consent_pb.PurposeConsent]:
    """The latest event of each purpose that has one, by purpose."""
    return [
        consent_pb.PurposeConsent(
            purpose=purpose.value + 1,  # type: ignore[arg-type]
            granted=state.granted,
            event_time=checks.timestamp(state.time_ms),
            notice_version=state.notice_version,
        )
        for purpose, state in sorted(states.items())
    ]
