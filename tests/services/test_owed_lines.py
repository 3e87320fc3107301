"""Lines of the erasure ledger that cannot be written at once (D2): who signs up anew is never erased for her."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from geooffer.cli.assembly import loopback_settings
from geooffer.cli.held_journal import HeldJournal, open_journal
from geooffer.engine.clock import EngineClock
from geooffer.engine.engine import Engine
from geooffer.errors import JournalError, NotFoundError, RestrictedError
from geooffer.journal import erasures as ledger_module
from geooffer.journal.erasures import LEDGER_NAME
from geooffer.journal.synced_files import append_synced
from geooffer.model.catalog import Customer
from geooffer.model.rights import RestrictionGround
from geooffer.rpc.durability import Durability
from geooffer.services.compactions import Compactions
from geooffer.services.erasures import Erasures

NOW_MS = 1_772_528_400_000
ANN = "ann-whom-nothing-else-is-called"


@dataclass
class Site:
    """A server's journal, engine and erasures on a state directory, from a start on."""

    held: HeldJournal
    engine: Engine
    erasures: Erasures

    @classmethod
    def started(cls, directory: Path) -> Site:
        held = open_journal(loopback_settings(journal="sqlite", state_dir=directory), None)
        clock = EngineClock("client", NOW_MS)
        engine = Engine(journal=held.journal, clock=clock, state=held.state, pseudonyms=held.pseudonyms)
        durability = Durability(held.journal)
        held.on_durable(durability.wake)
        erasures = Erasures(
            engine,
            real_now_ms=lambda: NOW_MS,
            ledger=held.ledger,
            durable=durability.wait,
            last_lsn=lambda: held.last_lsn,
            wipe=held.wiped,
        )
        compactions = Compactions(held.journal, directory, record_count_max=10**6, size_bytes_max=10**9)
        compactions.before_truncation.append(erasures.settle)
        erasures.compact = compactions.compact
        return cls(held, engine, erasures)

    def sign_up(self, *names: str) -> None:
        self.engine.upsert_customers([Customer(name, ()) for name in names])

    def names(self) -> set[str]:
        return {customer.customer_id for customer in self.engine.state.people.customers.values()}

    def close(self) -> None:
        """As after a crash: nothing is said of erasures any more."""
        self.held.close()


Line = Callable[[bytes], bool]


def is_full_for(monkeypatch: pytest.MonkeyPatch, refused: Line) -> None:
    """The disk has no room for some lines of the ledger."""

    def append(path: Path, data: bytes, size_bytes: int) -> None:
        if refused(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        append_synced(path, data, size_bytes)

    monkeypatch.setattr(ledger_module, "append_synced", append)


def is_erased_line(data: bytes) -> bool:
    return b'"kind":"erased"' in data


async def erased_without_its_line(site: Site, monkeypatch: pytest.MonkeyPatch) -> str:
    """ann is gone and the ledger does not say so; the erasure's id."""
    site.sign_up(ANN, "bob")
    with monkeypatch.context() as patch:
        is_full_for(patch, is_erased_line)
        with pytest.raises(JournalError, match="No space"):
            await site.erasures.erase(ANN)
    assert site.names() == {"bob"}
    (erasure_id,) = site.erasures.ledger.erasures
    return erasure_id


async def test_who_signs_up_after_it_is_not_erased_by_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The crash came before the line could be written."""
    site = Site.started(tmp_path)
    erasure_id = await erased_without_its_line(site, monkeypatch)
    site.sign_up(ANN)
    site.close()
    again = Site.started(tmp_path)
    assert again.names() == {ANN, "bob"}
    assert again.erasures.ledger.erasures[erasure_id].erased_ms is not None
    again.close()
    last = Site.started(tmp_path)
    assert last.names() == {ANN, "bob"}
    last.close()


async def test_a_crash_before_the_erase_record_is_finished_by_the_next_start(tmp_path: Path) -> None:
    """The control: she did not sign up anew."""
    site = Site.started(tmp_path)
    site.sign_up(ANN, "bob")
    await site.erasures._durable()
    keys = site.engine.keys_of(ANN)
    site.erasures.ledger.begin("e-1", keys, time_ms=NOW_MS, lsn=site.held.last_lsn)
    site.close()
    again = Site.started(tmp_path)
    assert again.names() == {"bob"}
    again.close()


async def test_the_next_erasure_writes_the_line_first_with_its_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Site.started(tmp_path)
    first = await erased_without_its_line(site, monkeypatch)
    site.sign_up(ANN)
    second = await site.erasures.erase_or_repeat(ANN)
    held = site.erasures.ledger.erasures[first]
    assert held.counts["customers"] == 1
    assert held.erased_ms is not None
    assert second.erasure_id != first
    site.sign_up(ANN)
    site.close()
    again = Site.started(tmp_path)
    assert again.names() == {ANN, "bob"}
    again.close()


async def test_a_call_sent_again_tells_what_was_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site.started(tmp_path)
    erasure_id = await erased_without_its_line(site, monkeypatch)
    receipt = await site.erasures.erase_or_repeat(ANN)
    assert (receipt.erasure_id, receipt.counts["customers"]) == (erasure_id, 1)
    site.close()


async def test_it_is_finished_without_another_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Her bytes go, whether or not the officer asks again."""
    site = Site.started(tmp_path)
    erasure_id = await erased_without_its_line(site, monkeypatch)
    running = asyncio.create_task(site.erasures.run())
    async with asyncio.timeout(120):
        while site.erasures.get(erasure_id).done_ms is None:
            await asyncio.sleep(0.02)
    running.cancel()
    site.close()
    assert not any(ANN.encode() in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


async def test_no_commit_goes_while_a_line_is_owed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The erase record in the journal is all that tells her from who signed up after her."""
    site = Site.started(tmp_path)
    await erased_without_its_line(site, monkeypatch)
    site.sign_up(ANN)
    await site.erasures._durable()
    with monkeypatch.context() as patch:
        is_full_for(patch, is_erased_line)
        assert site.erasures.compact is not None
        with pytest.raises(JournalError, match="No space"):
            await site.erasures.compact()
    site.close()
    again = Site.started(tmp_path)
    assert again.held.recovered is not None
    assert again.held.recovered.snapshot_lsn > 0, "the control: it was the snapshot that held her"
    assert again.names() == {ANN, "bob"}
    again.close()


@pytest.mark.parametrize("is_owed", [False, True], ids=["at-once", "later"])
async def test_what_was_begun_and_erased_nobody_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_owed: bool
) -> None:
    """Her second name was found, and there was no room for it: nothing is erased, not by a later start either."""
    site = Site.started(tmp_path)
    site.sign_up(ANN, "bob")
    begin = site.erasures.ledger.begin
    loop = asyncio.get_running_loop()

    def unites(*arguments: object, **named: object) -> None:
        begin(*arguments, **named)  # type: ignore[arg-type]
        monkeypatch.undo()
        is_full_for(monkeypatch, lambda data: b'"begun"' in data or (is_owed and b'"given_up"' in data))
        asyncio.run_coroutine_threadsafe(unite(), loop).result()

    async def unite() -> None:
        site.engine.merge_customers(ANN, "bob")

    monkeypatch.setattr(site.erasures.ledger, "begin", unites)
    with pytest.raises(JournalError, match="No space"):
        await site.erasures.erase(ANN)
    monkeypatch.undo()
    assert len(site.erasures.ledger.erasures) == is_owed
    await site.erasures.settle()
    assert site.erasures.ledger.latest_of(site.engine.pseudonyms.person(ANN)) is None
    assert b'"given_up"' in (tmp_path / LEDGER_NAME).read_bytes()
    site.close()
    again = Site.started(tmp_path)
    assert again.names() == {"bob"}
    with pytest.raises(NotFoundError):
        await again.erasures.erase_or_repeat("carla")
    await again.erasures.erase(ANN)
    assert again.names() == set()
    again.close()


async def test_who_is_restricted_while_it_begins_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The restriction was answered first; no later start finishes the erasure, either."""
    site = Site.started(tmp_path)
    site.sign_up(ANN, "bob")
    begin, restricted = site.erasures.ledger.begin, asyncio.Event()

    async def restrict() -> None:
        ground = RestrictionGround.LEGAL_CLAIMS
        site.engine.restrict_person(ANN, "r-1", ground=ground, reason="a claim", now_ms=NOW_MS)
        restricted.set()

    loop = asyncio.get_running_loop()

    def begins(*arguments: object, **named: object) -> None:
        begin(*arguments, **named)  # type: ignore[arg-type]
        asyncio.run_coroutine_threadsafe(restrict(), loop).result()

    monkeypatch.setattr(site.erasures.ledger, "begin", begins)
    with pytest.raises(RestrictedError):
        await site.erasures.erase(ANN)
    assert restricted.is_set()
    assert site.names() == {ANN, "bob"}
    site.close()
    again = Site.started(tmp_path)
    assert again.names() == {ANN, "bob"}
    assert not again.erasures.ledger.erasures
    again.close()
