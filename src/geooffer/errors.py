"""The one small exception tree: every error a caller may see, each with a stable reason.

`reason` is UPPER_SNAKE and part of the API (it travels as `google.rpc.ErrorInfo.reason`); `message` names
fields, limits and the caller's own catalog ids, never a coordinate, token, search word or customer id.
rpc/status.py holds the one table from these classes to gRPC status codes.
"""

from __future__ import annotations


class GeoofferError(Exception):
    """Base of every error that is told to a caller. `field` names the offending request field, or ''."""

    reason = "INTERNAL"

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.row = -1
        """Which item of a batch it is about; −1 = none, or not known."""


class InvalidArgumentError(GeoofferError):
    """A value is malformed or out of its stated range."""

    reason = "INVALID_ARGUMENT"


class InvalidShapeError(InvalidArgumentError):
    """A fence shape breaks semantics G4/G5. The message gives the rule, and the vertex index where it broke."""

    reason = "INVALID_SHAPE"


class OverlapLimitError(InvalidArgumentError):
    """Too many fences would cover one point (semantics G8)."""

    reason = "OVERLAP_LIMIT"


class RawIdentifierError(InvalidArgumentError):
    """An id that names a person elsewhere, such as an e-mail address; pseudonyms are taken alone (privacy M8)."""

    reason = "RAW_IDENTIFIER"


class ExclusionZoneOverlapError(GeoofferError):
    """A store's fence would touch an exclusion zone; the message names the zone and its category (privacy M3)."""

    reason = "EXCLUSION_ZONE_OVERLAP"


class NotFoundError(GeoofferError):
    """A named resource does not exist."""

    reason = "NOT_FOUND"


class AlreadyExistsError(GeoofferError):
    """A create found a resource of that id."""

    reason = "ALREADY_EXISTS"


class InUseError(GeoofferError):
    """A delete would orphan other resources."""

    reason = "IN_USE"


class StaleEtagError(GeoofferError):
    """The resource changed since the etag was read."""

    reason = "STALE_ETAG"


class NotConsentedError(GeoofferError):
    """The person did not consent to the purpose this datum serves; nothing was kept (product S3)."""

    reason = "NOT_CONSENTED"


class RestrictedError(GeoofferError):
    """Processing of this person is restricted (GDPR Art. 18): what is held of her is neither used nor erased."""

    reason = "RESTRICTED"


class LimitExceededError(GeoofferError):
    """A fixed bound of model/limits.py is full."""

    reason = "LIMIT_EXCEEDED"


class QuotaExceededError(GeoofferError):
    """This caller asks for more than its share; the same call works after `retry_after_ms`."""

    reason = "QUOTA_EXCEEDED"

    def __init__(self, message: str, *, field: str = "", retry_after_ms: int = 1_000) -> None:
        super().__init__(message, field=field)
        self.retry_after_ms = retry_after_ms


class UnauthenticatedError(GeoofferError):
    """No token or a token that does not verify. One text for every cause."""

    reason = "UNAUTHENTICATED"


class PermissionDeniedError(GeoofferError):
    """The token is good; its role or device keys do not allow this."""

    reason = "PERMISSION_DENIED"


class OverloadedError(GeoofferError):
    """The service sheds load; retry after the stated delay."""

    reason = "OVERLOADED"


class DrainingError(GeoofferError):
    """The service is starting or shutting down."""

    reason = "DRAINING"


class DiskFullError(GeoofferError):
    """The disk is nearly full: nothing new is written until there is room; retry after the stated delay."""

    reason = "DISK_FULL"


class JournalError(GeoofferError):
    """The journal refused a record or does not read back as written; serving stops. Whether the call had an effect
    shows after the restart: a retry with the same request_id is answered once.
    """

    reason = "JOURNAL"


class ConfigurationError(GeoofferError):
    """Settings that do not fit together; all faults are reported at once."""

    reason = "CONFIGURATION"
