"""M8: a state directory has its own key for pseudonyms. A lost, foreign, readable or guessable one refuses to start;
directories from before there were keys go on as they were.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import structlog

from geooffer.cli.assembly import loopback_settings
from geooffer.cli.held_journal import HeldJournal, open_journal
from geooffer.cli.settings import ServiceSettings
from geooffer.engine.clock import EngineClock
from geooffer.engine.engine import Engine
from geooffer.errors import ConfigurationError
from geooffer.model.catalog import Customer
from geooffer.model.keys import person_key
from geooffer.model.kinds import IdentityKind
from geooffer.model.pseudonyms import Domain, Pseudonyms
from geooffer.model.signals import Identity
from geooffer.rpc.domain_keys import domain_key_path

CARD = Identity(IdentityKind.LOYALTY, "card-8")


def settings_of(path: Path, **changes: object) -> ServiceSettings:
    return loopback_settings(state_dir=path / "state", journal="sqlite", clock="system", **changes)


def engine_on(held: HeldJournal, pseudonyms: Pseudonyms | None = None) -> Engine:
    return Engine(
        journal=held.journal,
        clock=EngineClock("system"),
        state=held.state,
        decision_key=held.decision_key,
        pseudonyms=pseudonyms or held.pseudonyms,
    )


def take_down(settings: ServiceSettings, name: str, pseudonyms: Pseudonyms | None = None) -> int:
    """Somebody is registered; returns her key."""
    held = open_journal(settings, None)
    try:
        engine = engine_on(held, pseudonyms)
        engine.upsert_customers([Customer(name, ())])
        engine.link_identity(name, CARD)
        return engine.key_of(name)
    finally:
        held.close()


def test_persons_are_held_by_keyed_hashes_that_only_the_key_explains(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    key = take_down(settings, "ann")
    assert key != person_key("ann")
    path = domain_key_path(settings.state_dir, Domain.ENGINE)
    assert path.stat().st_mode & 0o777 == 0o600
    assert key == Pseudonyms(path.read_bytes()).person("ann")
    held = open_journal(settings, None)
    assert engine_on(held).key_of("ann") == key
    assert engine_on(held).owner_of("", CARD) == key
    held.close()


def test_two_directories_call_one_person_differently(tmp_path: Path) -> None:
    keys = {take_down(settings_of(tmp_path / name), "ann") for name in ("one", "two")}
    assert len(keys) == 2


def test_a_directory_from_before_goes_on_unkeyed_and_says_so(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    assert take_down(settings, "ann", Pseudonyms()) == person_key("ann")
    domain_key_path(settings.state_dir, Domain.ENGINE).unlink()
    with structlog.testing.capture_logs() as logs:
        assert take_down(settings, "bob") == person_key("bob")
    assert "pseudonyms_unkeyed" in {entry["event"] for entry in logs}
    assert not domain_key_path(settings.state_dir, Domain.ENGINE).exists()


@pytest.mark.parametrize(
    ("content", "mode", "told"),
    [
        (None, 0, "is missing beside"),
        (bytes(reversed(range(32))), 0o600, "is another one than"),
        (b"changeme" * 4, 0o600, "is no random secret"),
        (b"short", 0o600, "does not hold 32 bytes"),
        (..., 0o644, "needs mode 0600"),
    ],
)
def test_without_its_key_it_does_not_start(tmp_path: Path, content: object, mode: int, told: str) -> None:
    settings = settings_of(tmp_path)
    take_down(settings, "ann")
    path = domain_key_path(settings.state_dir, Domain.ENGINE)
    if content is None:
        path.unlink()
    else:
        if isinstance(content, bytes):
            path.write_bytes(content)
        path.chmod(mode)
    with pytest.raises(ConfigurationError, match=told):
        open_journal(settings, None)


def test_keys_may_lie_elsewhere(tmp_path: Path) -> None:
    elsewhere = tmp_path / "keys"
    elsewhere.mkdir(mode=0o700)
    settings = settings_of(tmp_path, pseudonym_key_dir=elsewhere)
    key = take_down(settings, "ann")
    assert domain_key_path(elsewhere, Domain.ENGINE).exists()
    assert not domain_key_path(settings.state_dir, Domain.ENGINE).exists()
    assert take_down(settings, "ann") == key
