"""Logs that were put aside by `geooffer audit renew`: nobody writes them any more, and erasure and retention go on.

state_dir/audit-until-<ms>/    what was `audit/` until then
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Container
from pathlib import Path

import structlog
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from geooffer.audit.keys import KEY_SIZE_BYTES, PERSONS_NAME, LostKeysError, PersonKeys
from geooffer.journal.synced_files import sync_directory

_NAME = re.compile(r"audit-until-([0-9]{1,16})", re.ASCII)
_NO_KEY = AESGCM(bytes(KEY_SIZE_BYTES))
"""Keys are deleted without being opened."""

log = structlog.get_logger(__name__)


class LogsSetAside:
    """Those beside one log. Raises JournalError, OSError where a key that is to go cannot be deleted."""

    def __init__(self, directory: Path) -> None:
        """`directory`: of the log that is written."""
        self._beside = directory

    def destroy(self, subject: bytes) -> int:
        """Delete the keys of a person, and of all who were united with her; returns how many."""
        return self._each(lambda keys: keys.destroy(subject))

    def keep_only(self, subjects: Container[bytes]) -> int:
        """Delete the keys of all others: who was erased while the log that is lost was not written, say."""
        return self._each(lambda keys: keys.keep_only(subjects))

    def drop_old(self, now_ms: int, retention_ms: int) -> None:
        """Whole logs that are older than entries may be kept; keys of epochs that are over."""
        for ended_ms, path in self._found():
            if now_ms - ended_ms > retention_ms:
                shutil.rmtree(path)
                sync_directory(path.parent)
        self._each(lambda keys: keys.drop_epochs(now_ms))

    def _found(self) -> list[tuple[int, Path]]:
        names = ((_NAME.fullmatch(path.name), path) for path in self._beside.parent.iterdir() if path.is_dir())
        return sorted((int(name[1]), path) for name, path in names if name)

    def _each(self, work: Callable[[PersonKeys], int | None]) -> int:
        count = 0
        for _, path in self._found():
            file = path / PERSONS_NAME
            if not file.exists():
                continue
            try:
                keys = PersonKeys(file, _NO_KEY)
                try:
                    count += work(keys) or 0
                finally:
                    keys.close()
            except LostKeysError:  # which keys it holds cannot be told: none may stay
                for each in (file, file.with_name(f"{file.name}-journal")):
                    each.unlink(missing_ok=True)
                sync_directory(path)
                log.warning("audit_keys_dropped")
        return count


def path_aside(directory: Path, now_ms: int) -> Path:
    """Where a log is put that ends now."""
    return directory.with_name(f"{directory.name}-until-{now_ms}")
