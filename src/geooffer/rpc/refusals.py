"""Tells whoever keeps the audit log of calls that a verified caller was not allowed, or made too many of.

Of the officers' services every call that was refused is told, also one without a reason: what an officer tried is as
telling as what she did. Calls without a good token are counted (geooffer_calls_total), not told: anyone can send any
number of them. Of one caller, method and reason one call a minute is told, with how many there were since the one
before, so that a caller cannot fill a disk either.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import structlog

from geooffer.errors import (
    DiskFullError,
    DrainingError,
    GeoofferError,
    JournalError,
    OverloadedError,
    PermissionDeniedError,
    QuotaExceededError,
    UnauthenticatedError,
)
from geooffer.rpc.auth import Identity
from geooffer.rpc.faults import place_of

RefusalHook = Callable[[Identity, str, str, int], None]
"""`on_refused(caller, method, reason, call_count)`: `/package.Service/Method`; the error's reason, with the field it is
about if there is one; how many such calls since the last one told, this one included."""

TOLD_EVERY_S = 60.0
REMEMBERED_COUNT_MAX = 4_096
_OVERSEEN: Final = ("/geooffer.v1.PrivacyService/", "/geooffer.v1.PolicyService/")
"""Where officers act on persons and rules: all that is refused there is told."""
_REFUSALS: Final = (PermissionDeniedError, QuotaExceededError)
_OF_THE_SERVICE: Final = (OverloadedError, DrainingError, DiskFullError, JournalError, UnauthenticatedError)
"""The caller might have been answered at another time."""

log = structlog.get_logger(__name__)


class Refusals:
    """One for both ports."""

    def __init__(self, *, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._told: OrderedDict[tuple[str, str, str, str], tuple[float, int]] = OrderedDict()
        """(role, subject, method, reason) → when it was told, how often it came since."""
        self.observers: list[RefusalHook] = []
        """Called on the loop's thread; must not wait."""
        self.untold_count = 0
        """Refused again within a minute of having been told."""

    def tell(self, identity: Identity, method: str, error: GeoofferError) -> None:
        """A call of `identity` ended with `error`; all but refusals are passed over."""
        is_overseen = method.startswith(_OVERSEEN) and not isinstance(error, _OF_THE_SERVICE)
        if not is_overseen and not isinstance(error, _REFUSALS):
            return
        reason = f"{error.reason} {error.field}" if is_overseen and error.field else error.reason
        key = (identity.role, identity.subject, method, reason)
        now_s = self._clock_s()
        told_s, untold_count = self._told.get(key, (-TOLD_EVERY_S, 0))
        if now_s - told_s < TOLD_EVERY_S:
            self.untold_count += 1
            self._told[key] = (told_s, untold_count + 1)
            return
        self._told[key] = (now_s, 0)
        self._told.move_to_end(key)
        if len(self._told) > REMEMBERED_COUNT_MAX:
            self._told.popitem(last=False)
        log.warning("call_refused", role=identity.role, method=method, reason=reason)
        for observer in self.observers:
            try:
                observer(identity, method, reason, untold_count + 1)
            except Exception as fault:  # noqa: BLE001  (who listens must not change what the caller is told)
                log.error("refusal_not_kept", error=type(fault).__name__, place=place_of(fault))
