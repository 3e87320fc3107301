"""What a start does before anybody is served: recover, see erasures through; or refuse, and leave nothing locked."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from geooffer.cli.assembly import loopback_settings
from geooffer.cli.held_journal import SECRET_NAMES, open_journal
from geooffer.cli.settings import ServiceSettings
from geooffer.engine.clock import EngineClock
from geooffer.engine.engine import Engine
from geooffer.errors import ConfigurationError, JournalError
from geooffer.journal.committer import GroupCommitter
from geooffer.journal.decision_key import DECISION_KEY_NAME
from geooffer.journal.erasures import LEDGER_NAME
from geooffer.model.catalog import Customer
from geooffer.rpc.durability import Durability


@pytest.fixture
def settings(tmp_path: Path) -> ServiceSettings:
    return loopback_settings(journal="sqlite", state_dir=tmp_path / "state")


def people_in(settings: ServiceSettings) -> set[str]:
    held = open_journal(settings, None)
    assert held.state is not None
    found = {customer.customer_id for customer in held.state.people.customers.values()}
    held.close()
    return found


def test_a_start_erases_whom_a_crash_left(settings: ServiceSettings) -> None:
    held = open_journal(settings, None)
    engine = Engine(journal=held.journal, clock=EngineClock("client", 0), state=held.state)
    engine.upsert_customers([Customer("ann", ()), Customer("bob", ())])
    assert held.ledger is not None
    # the process ends between the line in the ledger and the record
    held.ledger.begin("e-1", engine.keys_of("ann"), time_ms=1, lsn=held.last_lsn)
    held.close()
    assert people_in(settings) == {"bob"}
    assert people_in(settings) == {"bob"}


def test_a_damaged_ledger_keeps_the_service_from_starting_and_locks_nothing(settings: ServiceSettings) -> None:
    held = open_journal(settings, None)
    assert held.ledger is not None
    held.ledger.begin("e-1", [5], time_ms=1, lsn=0)
    held.close()
    path = settings.state_dir / LEDGER_NAME
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"begun", b"begum"))
    for _ in range(2):
        with pytest.raises(JournalError, match="line 1"):
            open_journal(settings, None)
    path.write_bytes(whole)
    assert people_in(settings) == set()


def test_a_lost_key_of_decision_ids_is_not_replaced_in_silence(settings: ServiceSettings) -> None:
    key = settings.state_dir / DECISION_KEY_NAME
    held = open_journal(settings, None)
    made = held.decision_key
    held.close()
    key.unlink()  # nothing was written yet, so nothing is lost: as a start that was cut short leaves it
    held = open_journal(settings, None)
    assert held.decision_key == key.read_bytes() != made
    engine = Engine(journal=held.journal, clock=EngineClock("client", 0), state=held.state)
    engine.upsert_customers([Customer("ann", ())])
    held.close()
    whole = key.read_bytes()
    key.unlink()
    for _ in range(2):  # and nothing is left locked
        with pytest.raises(ConfigurationError, match=r"decision\.key is missing beside a journal of [0-9]+ commits"):
            open_journal(settings, None)
        assert not key.exists()
    key.write_bytes(whole)
    key.chmod(0o600)
    assert people_in(settings) == {"ann"}


async def test_a_journal_that_fails_before_the_service_listens_to_it_ends_it_all_the_same(
    settings: ServiceSettings,
) -> None:
    """Its thread works from the moment it is opened; compiling a catalog may take seconds."""
    held = open_journal(settings, None)
    assert isinstance(held.journal, GroupCommitter)

    def fail() -> None:
        raise OSError(5, "Input/output error")

    assert isinstance(held.journal.call(fail).exception(30), JournalError)
    durability = Durability(held.journal)
    held.on_durable(durability.wake)
    failed = asyncio.Event()
    durability.on_fault(failed.set)
    await asyncio.wait_for(failed.wait(), 5)
    held.close()


KILLED = """
import os, sys
from pathlib import Path
from geooffer.journal.synced_files import write_once
setattr(*{killed_at}, lambda *arguments, **named: os._exit(9))
write_once(Path(sys.argv[1]), bytes(range(32)))
"""


@pytest.mark.parametrize("killed_at", ["(os, 'link')", "(Path, 'unlink')"], ids=["before", "after"])
@pytest.mark.parametrize("name", SECRET_NAMES)
def test_a_start_killed_while_it_made_a_key_leaves_no_copy_of_it(tmp_path: Path, name: str, killed_at: str) -> None:
    code = KILLED.format(killed_at=killed_at)
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path / name)], check=False).returncode == 9
    (copy,) = (path for path in tmp_path.iterdir() if path.name != name)
    assert copy.read_bytes() == bytes(range(32)), "the control: what is left is a secret"
    others = [tmp_path / f"{name}.old", tmp_path / f"{name}.0123456789abcdef.mine"]
    for path in others:
        path.write_bytes(b"somebody's own")
    open_journal(loopback_settings(journal="sqlite", state_dir=tmp_path), None).close()
    assert not copy.exists()
    assert all(path.exists() for path in others)
    if "unlink" in killed_at:
        assert (tmp_path / name).read_bytes() == bytes(range(32)), "the key itself stays"
