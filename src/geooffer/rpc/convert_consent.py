"""Consent between the wire and the engine: events, notices, what is held. Errors name the field, never a value."""

from __future__ import annotations

from collections.abc import Mapping

from geooffer.errors import InvalidArgumentError
from geooffer.model import limits
from geooffer.model.consent import ConsentMethod, Notice, RecordedConsent
from geooffer.model.signals import ConsentEvent
from geooffer.model.verdicts import Purpose
from geooffer.rpc import checks
from geooffer.rpc.convert import decode_purposes, encode_purposes
from geooffer.v1 import consent_service_pb2 as pb

HASH_SIZE_BYTES = 32
_TOLD_METHODS = range(ConsentMethod.UNSPECIFIED, ConsentMethod.CONSENT_TOOL + 1)
"""OWN_DEVICE is recorded by this service alone."""


def decode_consent_event(message: pb.ConsentEvent) -> ConsentEvent:
    """Raises InvalidArgumentError. Of a withdrawal the facts of a notice are not looked at: they could only keep it
    from being heard."""
    return _event(message, granted=message.granted)


def decode_grant(message: pb.RecordConsentRequest) -> ConsentEvent:
    """Raises InvalidArgumentError."""
    return _event(message, granted=True)


def _event(message: pb.ConsentEvent | pb.RecordConsentRequest, *, granted: bool) -> ConsentEvent:
    return ConsentEvent(
        customer_id=checks.identifier(message.customer_id, "customer_id"),
        purposes=decode_purposes(message.purposes, "purposes", required=True),
        granted=granted,
        time_ms=checks.time_ms(message, "event_time"),
        notice_version=_notice_version(message.notice_version) if granted else "",
        language=checks.language(message.language_code) if granted and message.language_code else "",
        notice_hash=text_hash(message.notice_hash, "notice_hash") if granted and message.notice_hash else b"",
        method=decode_method(message.method) if granted else withdrawn_by(message.method),
        valid_until_ms=_optional_time_ms(message, "valid_until_time") if granted else 0,
    )


def _optional_time_ms(message: pb.ConsentEvent | pb.RecordConsentRequest, field: str) -> int:
    return checks.time_ms(message, field) if message.HasField(field) else 0


def _notice_version(value: str) -> str:
    return checks.text(value, "notice_version", required=True, length_max=limits.ID_LENGTH_MAX)


def withdrawn_by(value: int) -> ConsentMethod:
    """How she took it back; what is not known is taken for none."""
    return ConsentMethod(value) if value in _TOLD_METHODS else ConsentMethod.UNSPECIFIED


def decode_method(value: int) -> ConsentMethod:
    """How she said it, as others tell it. Raises InvalidArgumentError."""
    return ConsentMethod(checks.integer(value, ConsentMethod.UNSPECIFIED, ConsentMethod.CONSENT_TOOL, "method"))


def text_hash(value: bytes, field: str) -> bytes:
    """A SHA-256. Raises InvalidArgumentError."""
    if len(value) != HASH_SIZE_BYTES:
        raise InvalidArgumentError(f"{field} must be {HASH_SIZE_BYTES} bytes", field=field)
    return value


def encode_consent_event(event: ConsentEvent) -> pb.ConsentEvent:
    """The wire form."""
    message = pb.ConsentEvent(
        customer_id=event.customer_id,
        purposes=encode_purposes(event.purposes),  # type: ignore[arg-type]
        granted=event.granted,
        event_time=checks.timestamp(event.time_ms),
        notice_version=event.notice_version,
        language_code=event.language,
        notice_hash=event.notice_hash,
        method=int(event.method),  # type: ignore[arg-type]
    )
    if event.valid_until_ms:
        message.valid_until_time.CopyFrom(checks.timestamp(event.valid_until_ms))
    return message


def encode_consents(states: Mapping[Purpose, RecordedConsent], in_force: int) -> list[pb.PurposeConsent]:
    """The latest event of each purpose that has one, by purpose; `in_force`: mask of what may be used now."""
    told = []
    for purpose, state in sorted(states.items()):
        message = pb.PurposeConsent(
            purpose=purpose.value + 1,  # type: ignore[arg-type]
            granted=state.granted,
            event_time=checks.timestamp(state.time_ms),
            notice_version=state.notice_version,
            is_in_force=bool(in_force & purpose.bit),
        )
        if state.valid_until_ms:
            message.valid_until_time.CopyFrom(checks.timestamp(state.valid_until_ms))
        told.append(message)
    return told


def encode_held(customer_id: str, event_id: str, event: RecordedConsent, latest_of: int) -> pb.HeldConsent:
    """An event of the ledger; `latest_of`: mask of purposes of which it is the latest."""
    message = pb.HeldConsent(
        event_id=event_id,
        event=encode_consent_event(
            ConsentEvent(
                customer_id,
                event.purposes,
                event.granted,
                event.time_ms,
                event.notice_version,
                event.language,
                event.notice_hash,
                ConsentMethod(event.method),
                event.valid_until_ms,
            )
        ),
        latest_of_purposes=encode_purposes(latest_of),  # type: ignore[arg-type]
    )
    if event.recorded_ms:
        message.record_time.CopyFrom(checks.timestamp(event.recorded_ms))
    return message


def decode_notice(message: pb.Notice) -> Notice:
    """Raises InvalidArgumentError."""
    checks.row_count(len(message.texts), "texts", high=limits.NOTICE_LANGUAGE_COUNT_MAX)
    hashes = {
        checks.language(text.language_code, "texts.language_code"): text_hash(text.text_hash, "texts.text_hash").hex()
        for text in message.texts
    }
    if len(hashes) != len(message.texts):
        raise InvalidArgumentError("texts must name each language once", field="texts")
    if len(message.recipients) > limits.NOTICE_RECIPIENT_COUNT_MAX:
        rule = f"recipients may be {limits.NOTICE_RECIPIENT_COUNT_MAX} at most"
        raise InvalidArgumentError(rule, field="recipients")
    return Notice(
        notice_version=checks.identifier(message.notice_version, "notice_version"),
        effective_ms=checks.time_ms(message, "effective_time"),
        purposes=decode_purposes(message.purposes, "purposes", required=True),
        text_hashes=tuple(sorted(hashes.items())),
        controller=checks.text(message.controller, "controller", required=True),
        recipients=tuple(checks.text(name, "recipients", required=True) for name in message.recipients),
        withdrawal_method=checks.text(message.withdrawal_method, "withdrawal_method", required=True),
        retention_reference=checks.text(message.retention_reference, "retention_reference"),
        validity_days=checks.integer(message.validity_days, 0, limits.NOTICE_VALIDITY_MAX_DAYS, "validity_days"),
    )


def encode_notice(notice: Notice) -> pb.Notice:
    """The wire form."""
    return pb.Notice(
        notice_version=notice.notice_version,
        effective_time=checks.timestamp(notice.effective_ms),
        purposes=encode_purposes(notice.purposes),  # type: ignore[arg-type]
        texts=[pb.NoticeText(language_code=code, text_hash=bytes.fromhex(text)) for code, text in notice.text_hashes],
        controller=notice.controller,
        recipients=notice.recipients,
        withdrawal_method=notice.withdrawal_method,
        retention_reference=notice.retention_reference,
        validity_days=notice.validity_days,
    )
