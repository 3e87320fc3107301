"""The audit log of a running server: opened beside its journal, told by its calls, asked before the journal is cut."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from geooffer.audit.entries import SECURITY
from geooffer.audit.follower import AuditFollower, begin_following
from geooffer.audit.keys import KEY_NAME, AuditKeys, load_audit_keys
from geooffer.audit.log import DIRECTORY_NAME, AuditLog
from geooffer.audit.verifier import AuditVerifier
from geooffer.cli.callers import Callers
from geooffer.cli.held_journal import HeldJournal
from geooffer.cli.settings import ServiceSettings
from geooffer.engine.engine import Engine
from geooffer.errors import ConfigurationError, JournalError
from geooffer.journal.keyring import load_keyring
from geooffer.journal.sqlite import SqliteReader
from geooffer.journal.tail import JOURNAL_NAME
from geooffer.model.policy import DAY_MS
from geooffer.model.records import AuditSealed
from geooffer.rpc.write_gate import WriteGate
from geooffer.services.call_notes import CallNotes
from geooffer.services.control import Control

RENEWED_NAME = "audit-renewed"
"""There after `geooffer audit renew`: the next start begins a new log though the journal remembers another."""
PASS_TIMEOUT_S = 600.0


@dataclass(frozen=True, slots=True)
class AuditTrail:
    """What the assembly ties to the other parts."""

    notes: CallNotes
    verifier: AuditVerifier
    _follower: AuditFollower
    _engine: Engine
    _now_ms: Callable[[], int]

    async def before_truncation(self, lsn: int) -> None:
        """Return once the journal may be cut up to `lsn`: all of it is in the log, and the journal remembers how far
        that came. Raises JournalError where the log does not keep up.
        """
        place = await asyncio.to_thread(self._follower.passed, lsn, PASS_TIMEOUT_S)
        if place.number > self._engine.state.audit_seal[0]:
            self._engine.append([AuditSealed(place.number, place.hash, self._now_ms())])

    @property
    def fault(self) -> Exception | None:
        """Why the latest attempt to write failed; None = it did not."""
        return self._follower.fault

    def close(self) -> None:
        """Tell the rest, once the journal writes no more."""
        self._follower.close()


def tie_audit(
    settings: ServiceSettings, held: HeldJournal, control: Control, callers: Callers, write_gate: WriteGate
) -> AuditTrail | None:
    """Begin, and have calls noted, refusals told, and the rest told at the end; None where the journal is in memory.

    Raises ConfigurationError as `begin_audit`.
    """
    trail = begin_audit(settings, held, control.engine, control.now_ms, write_gate)
    if trail is not None:
        held.followers.append(trail.close)
        control.engine.note = trail.notes.of_changes
        callers.refusals.observers.append(trail.notes.refused)
        control.verify_audit = trail.verifier.verify
    return trail


def begin_audit(
    settings: ServiceSettings, held: HeldJournal, engine: Engine, now_ms: Callable[[], int], write_gate: WriteGate
) -> AuditTrail | None:
    """Go on with the audit log of a state directory, or begin one; None where the journal is in memory.

    Raises ConfigurationError where it, or its key, is not what was left there.
    """
    if held.recovered is None:
        return None
    state_dir, store = settings.state_dir, held.recovered.store
    directory, renewed = state_dir / DIRECTORY_NAME, state_dir / RENEWED_NAME
    number, hash_ = engine.state.audit_seal
    is_first = not directory.exists()
    keys = load_audit_keys(settings.audit_key_file or state_dir / KEY_NAME, create=is_first)
    keyring = load_keyring(settings.encryption_key_file)
    try:
        if is_first and number > 0 and not renewed.exists():
            raise JournalError(f"the audit log is gone, and the journal remembers {number} entries of it")
        log = AuditLog(
            directory,
            keys,
            retention_ms=settings.audit_retention_days * DAY_MS,
            begins_at=store.base,
            remembered=(0, b"") if renewed.exists() else (number, hash_),
        )
        try:
            if renewed.exists():
                _begin_anew(log, keys, held, engine, now_ms)
                renewed.unlink()
            follower = begin_following(
                log, lambda: SqliteReader(state_dir / JOURNAL_NAME, keyring=keyring), base=store.base, last=store.last
            )
        except BaseException:
            log.persons.close()
            raise
    except JournalError as error:
        rule = f"{error.message}; if it is lost for good: geooffer audit renew (docs/audit.md)"
        raise ConfigurationError(rule, field="state_dir") from error
    notes = CallNotes(engine, keys, now_ms, write_gate.refusal)
    verifier = AuditVerifier(state_dir, keys.signing.public_key(), settings.encryption_key_file)
    return AuditTrail(notes, verifier, follower, engine, now_ms)


def _begin_anew(log: AuditLog, keys: AuditKeys, held: HeldJournal, engine: Engine, now_ms: Callable[[], int]) -> None:
    """The first entry says what was lost, and the journal forgets it. Raises JournalError."""
    number, hash_ = engine.state.audit_seal
    people = engine.state.people.person_slots.keys() | engine.state.aliases.keys()
    dropped_count = log.set_aside.keep_only({keys.subject_of(person_key) for person_key in people})
    payload = {"event": "begun anew", "lost_number": number, "lost_hash": hash_.hex()}
    log.note(SECURITY, payload | {"persons_dropped": dropped_count})
    engine.append([AuditSealed(0, b"", now_ms())])
    while held.journal.durable < held.journal.appended:
        fault = getattr(held.journal, "fault", None)
        if fault is not None:
            raise fault
        time.sleep(0.01)
