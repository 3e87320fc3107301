"""A journal of a few calls and decisions, and the audit log that follows it. Not a test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from geooffer.audit.derivation import drafts_of
from geooffer.audit.entries import AuditEntry
from geooffer.audit.follower import AuditFollower, begin_following
from geooffer.audit.keys import KEY_NAME, AuditKeys, load_audit_keys
from geooffer.audit.log import DIRECTORY_NAME, AuditLog
from geooffer.audit.segments import read_entries
from geooffer.audit.verification import VerifiedAudit, verify_audit
from geooffer.journal.frames import decode_entries, encode_entries
from geooffer.journal.keyring import Keyring
from geooffer.journal.sqlite import SqliteReader, SqliteStore
from geooffer.journal.tail import JOURNAL_NAME
from geooffer.model.catalog import Category
from geooffer.model.keys import partition_of
from geooffer.model.records import (
    CATALOG_PARTITION,
    CallNoted,
    CustomerDeleted,
    DecisionRecord,
    Entry,
    NounPut,
    OutcomeRecord,
    PersonDeparted,
    Record,
)

NOW_MS = 1_772_528_400_000
RETENTION_MS = 1_000 * 86_400_000
ANNA, BERTA = 77, -88
STORE_NUMBER = 424_242


def decision(person_key: int, time_ms: int = NOW_MS) -> DecisionRecord:
    return DecisionRecord(
        person_key, time_ms, STORE_NUMBER, 2, 3, 4, -1, 77, 7_999, 9_999, 1_190, (1, 2), 1, 2, 6, 7, False, 9, 10
    )  # fmt: skip


def note(method: str = "StoreService/CreateStore", count: int = 1, **further: object) -> CallNoted:
    return CallNoted(method, "operator", b"c" * 16, NOW_MS, record_count=count, **further)  # type: ignore[arg-type]


COMMITS: tuple[tuple[Record, ...], ...] = (
    (note(count=2), NounPut(Category("shoes"), NOW_MS), NounPut(Category("hats"), NOW_MS)),
    (decision(ANNA), decision(BERTA)),
    (OutcomeRecord(ANNA, 5, 2, NOW_MS), OutcomeRecord(BERTA, 6, 2, NOW_MS)),
    (note("PrivacyService/ExportSubject", 0, subject_key=ANNA),),
    (note("SignalService/DeleteCustomer"), CustomerDeleted(ANNA), decision(ANNA)),
    (decision(BERTA), PersonDeparted(BERTA, ANNA)),
)
ENTRY_COUNT = 1 + 2 + 2 + 1 + 2 + 2


class Scene:
    """A state directory with a journal and an audit log."""

    def __init__(self, directory: Path, *, keyring: Keyring | None = None) -> None:
        self.directory, self.keyring = directory, keyring
        self.audit = directory / DIRECTORY_NAME
        self.store = SqliteStore(directory / JOURNAL_NAME, synchronous="OFF", keyring=keyring, laid_out_page_count=8)
        self._sequences: dict[int, int] = {}

    @property
    def keys(self) -> AuditKeys:
        return load_audit_keys(self.directory / KEY_NAME, create=True)

    def commit(self, records: Sequence[Record]) -> None:
        entries = []
        for record in records:
            key = getattr(record, "person_key", None)
            partition = CATALOG_PARTITION if key is None else partition_of(key)
            self._sequences[partition] = self._sequences.get(partition, 0) + 1
            entries.append(Entry(partition, self._sequences[partition], record))
        self.store.append(encode_entries(entries), self.store.last.lsn)

    def commit_all(self) -> None:
        for records in COMMITS:
            self.commit(records)

    def open_log(self, on_step: Callable[[str], None] = lambda step: None, **further: object) -> AuditLog:
        told = {"retention_ms": RETENTION_MS, "begins_at": self.store.base, "now_ms": lambda: NOW_MS} | further
        return AuditLog(self.audit, self.keys, on_step=on_step, **told)  # type: ignore[arg-type]

    def tell(self, log: AuditLog, *, at_once: int = 2) -> None:
        """As the follower does, on this thread."""
        while True:
            commits = list(self.store.read(log.head.position.lsn))[:at_once]
            if not commits:
                return
            drafts = [d for c in commits for d in drafts_of(c.position.lsn, decode_entries(c.payload))]
            log.write(drafts, commits[-1].position)

    def written(self) -> None:
        """The journal filled, all of it told."""
        self.commit_all()
        log = self.open_log()
        self.tell(log)
        log.close()

    def follow(self) -> AuditFollower:
        path = self.directory / JOURNAL_NAME
        return begin_following(
            self.open_log(),
            lambda: SqliteReader(path, keyring=self.keyring),
            base=self.store.base,
            last=self.store.last,
        )

    def entries(self) -> list[AuditEntry]:
        from geooffer.audit.head import HEAD_NAME, read_head

        head = read_head(self.audit / HEAD_NAME, self.keys.signing.public_key())
        return [found.entry for found in read_entries(self.audit, head.base)]

    def verify(self, against: Path | None = None) -> VerifiedAudit:
        return verify_audit(self.directory, self.keys.signing.public_key(), keyring=self.keyring, against=against)

    def close(self) -> None:
        self.store.close()
