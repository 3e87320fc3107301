"""The journal a server runs on, opened before its engine and closed after it."""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from geooffer.cli.held_pseudonyms import held_pseudonyms
from geooffer.cli.settings import ServiceSettings
from geooffer.engine.port import Journal
from geooffer.engine.state import State
from geooffer.errors import ConfigurationError, GeoofferError
from geooffer.journal.backup import POLICY_KEY_NAME
from geooffer.journal.committer import GroupCommitter
from geooffer.journal.decision_key import DECISION_KEY_NAME, DECISION_KEY_SIZE_BYTES, fault_of_key
from geooffer.journal.erasing import finish_erasures, open_ledger
from geooffer.journal.erasures import KEY_NAME as LEDGER_KEY_NAME
from geooffer.journal.erasures import ErasureLedger
from geooffer.journal.keyring import load_keyring
from geooffer.journal.memory import MemoryJournal
from geooffer.journal.recovery import Recovered, recover
from geooffer.journal.service_lock import ServiceLock
from geooffer.journal.synced_files import make_directory, remove_drafts
from geooffer.model.pseudonyms import Domain, Pseudonyms
from geooffer.rpc.domain_keys import domain_key_path
from geooffer.rpc.keys import secret_file
from geooffer.rpc.receipts import KEY_NAME as RECEIPT_KEY_NAME
from geooffer.services.erasures import wiped

HAND_OVER_S = 0.000_5
"""How long a busy thread keeps Python's lock while another waits for it; the default is 5 ms.

The journal's thread needs it before and after each fsync: beside a loop that never rests, append to durable took
28.9 ms at the default and 13.3 at this (medians of three alternating runs on a loaded machine), 14.4 and 3.2 without
the disk; the loop got no less done.
"""

SECRET_NAMES = (
    DECISION_KEY_NAME,
    LEDGER_KEY_NAME,
    POLICY_KEY_NAME,
    RECEIPT_KEY_NAME,
    domain_key_path(Path(), Domain.ENGINE).name,
)
"""Of the files of a state directory that only who has its lock makes."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class HeldJournal:
    """What the engine is built on."""

    journal: Journal
    state: State | None
    """What was recovered; None where there is nothing to recover from."""
    decision_key: bytes
    lock: ServiceLock | None = None
    """Keeps a second server away from the state directory."""

    ledger: ErasureLedger | None = None
    """Who was erased; None = nothing is in files."""
    recovered: Recovered | None = None
    """What the start found; None where there is nothing to recover from."""
    pseudonyms: Pseudonyms = field(default_factory=Pseudonyms)
    """How persons are called; unkeyed in memory, where nothing outlives the process."""

    followers: list[Callable[[], None]] = field(default_factory=list)
    """Called at the end, when all is committed and the file is still open."""

    @property
    def last_lsn(self) -> int:
        """Of the commits that are durable so far."""
        return self.journal.store.last.lsn if isinstance(self.journal, GroupCommitter) else 0

    async def wiped(self) -> None:
        """Return once no byte of a truncated commit stands in a file."""
        if isinstance(self.journal, GroupCommitter):
            await wiped(self.journal)

    def on_durable(self, wake: Callable[[], None]) -> None:
        """Have `wake` called, from any thread, whenever more is durable or the journal has failed; and now, because it
        may have failed since it was opened.
        """
        if isinstance(self.journal, GroupCommitter):
            self.journal.on_durable = wake
            wake()

    def close(self) -> None:
        """Commit what is pending and close the file."""
        if isinstance(self.journal, GroupCommitter):
            self.journal.close()
            for finish in self.followers:
                finish()
            self.journal.store.close()
        if self.lock is not None:
            self.lock.close()


def open_journal(
    settings: ServiceSettings, decision_key: bytes | None, on_progress: Callable[[str], None] = lambda text: None
) -> HeldJournal:
    """Recover what `settings.state_dir` holds, or begin in memory; `on_progress` is told how far that is.

    Raises JournalError, ConfigurationError.
    """
    if settings.journal == "memory":
        return HeldJournal(MemoryJournal(), None, decision_key or secrets.token_bytes(DECISION_KEY_SIZE_BYTES))
    sys.setswitchinterval(HAND_OVER_S)
    make_directory(settings.state_dir)
    lock = ServiceLock(settings.state_dir)
    try:
        for name in SECRET_NAMES:
            remove_drafts(settings.state_dir / name)
        keyring = load_keyring(settings.encryption_key_file)
        recovered = recover(settings.state_dir, on_progress, keyring=keyring)
        try:
            key = decision_key or _decision_key(settings.state_dir, recovered)
            pseudonyms = held_pseudonyms(settings.pseudonym_key_dir or settings.state_dir, recovered.state)
            ledger = open_ledger(settings.state_dir)
            finish_erasures(recovered.state, recovered.store, ledger, now_ms=time.time_ns() // 1_000_000)
        except GeoofferError:
            recovered.store.close()
            raise
    except GeoofferError:
        lock.close()
        raise
    log.info(
        "recovered",
        snapshot_lsn=recovered.snapshot_lsn,
        last_lsn=recovered.store.last.lsn,
        record_count=recovered.record_count,
        person_count=recovered.person_count,
        seconds=round(recovered.seconds, 3),
    )
    return HeldJournal(GroupCommitter(recovered.store), recovered.state, key, lock, ledger, recovered, pseudonyms)


def _decision_key(directory: Path, recovered: Recovered) -> bytes:
    """The secret of a directory, made where nothing was ever written. Raises ConfigurationError where it is lost."""
    fault = fault_of_key(directory, recovered.store.last.lsn)
    if fault is not None:
        rule = f"{fault}: copy it back from a backup of this directory (docs/operation.md, Files)"
        raise ConfigurationError(rule, field="state_dir")
    return secret_file(directory / DECISION_KEY_NAME, DECISION_KEY_SIZE_BYTES)
