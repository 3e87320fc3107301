"""Tells whoever keeps the audit log of calls that a verified caller was not allowed, or made too many of.

Calls without a good token are counted (geooffer_calls_total), not told: anyone can send any number of them. Of one
caller, method and reason one call a minute is told, so that a caller cannot fill a disk either.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable

import structlog

from geooffer.errors import GeoofferError, PermissionDeniedError, QuotaExceededError
from geooffer.rpc.auth import Identity
from geooffer.rpc.faults import place_of

RefusalHook = Callable[[str, str, str], None]
"""`on_refused(pseudonym, method, reason)`: 16 hexadecimal digits; `/package.Service/Method`; the error's reason."""

TOLD_EVERY_S = 60.0
REMEMBERED_COUNT_MAX = 4_096

log = structlog.get_logger(__name__)


class Refusals:
    """One for both ports."""

    def __init__(self, key: bytes | None = None, *, clock_s: Callable[[], float] = time.monotonic) -> None:
        """`key`: makes the pseudonyms, at most 64 bytes; by default one of this process, so that they say nothing after
        a restart."""
        self._key = key or secrets.token_bytes(32)
        self._clock_s = clock_s
        self._told_s: OrderedDict[tuple[str, str, str], float] = OrderedDict()
        self.observers: list[RefusalHook] = []
        """Called on the loop's thread; must not wait."""
        self.untold_count = 0
        """Refused again within a minute of having been told."""

    def pseudonym_of(self, identity: Identity) -> str:
        """16 hexadecimal digits, the same for the same role and subject."""
        who = f"{identity.role}\0{identity.subject}".encode()
        return hashlib.blake2b(who, digest_size=8, key=self._key, person=b"geooffer.caller").hexdigest()

    def tell(self, identity: Identity, method: str, error: GeoofferError) -> None:
        """A call of `identity` ended with `error`; all but refusals are passed over."""
        if not isinstance(error, PermissionDeniedError | QuotaExceededError):
            return
        told = (self.pseudonym_of(identity), method, error.reason)
        now_s = self._clock_s()
        if now_s - self._told_s.get(told, -TOLD_EVERY_S) < TOLD_EVERY_S:
            self.untold_count += 1
            return
        self._told_s[told] = now_s
        self._told_s.move_to_end(told)
        if len(self._told_s) > REMEMBERED_COUNT_MAX:
            self._told_s.popitem(last=False)
        log.warning("call_refused", role=identity.role, method=method, reason=error.reason)
        for observer in self.observers:
            try:
                observer(*told)
            except Exception as fault:  # noqa: BLE001  (who listens must not change what the caller is told)
                log.error("refusal_not_kept", error=type(fault).__name__, place=place_of(fault))
