"""What is told to be on disk is: contents, names, and the names of the directories above."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from geooffer.cli.assembly import loopback_settings
from geooffer.cli.held_journal import open_journal
from geooffer.journal.recovery import recover
from geooffer.journal.synced_files import copy_synced, make_directory, write_once, write_synced
from geooffer.rpc.keys import development_keys


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Every path that is synced, in order; it is synced in truth."""
    found: list[Path] = []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        fsync(descriptor)
        found.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")))

    monkeypatch.setattr(os, "fsync", noted)
    return found


def test_a_new_directory_is_named_durably_all_the_way_up(tmp_path: Path, synced: list[Path]) -> None:
    make_directory(tmp_path / "a" / "b" / "c")
    assert sorted(synced) == [tmp_path, tmp_path / "a", tmp_path / "a" / "b"]
    assert (tmp_path / "a" / "b" / "c").stat().st_mode & 0o777 == 0o700


def test_a_directory_that_is_there_is_named_durably_too(tmp_path: Path, synced: list[Path]) -> None:
    """Whoever made it may have been killed before its name was on disk."""
    (tmp_path / "a").mkdir(mode=0o750)
    make_directory(tmp_path / "a")
    assert synced == [tmp_path]
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o750


@pytest.mark.parametrize("first", ["tokens", "journal", "recovery"])
def test_whoever_makes_a_state_directory_names_it_durably(tmp_path: Path, synced: list[Path], first: str) -> None:
    """Else a power cut takes all that was acknowledged with its directory."""

    def start(directory: Path) -> None:
        open_journal(loopback_settings(journal="sqlite", state_dir=directory), None).close()

    makers: dict[str, Callable[[Path], object]] = {
        "tokens": development_keys,
        "journal": start,
        "recovery": lambda directory: recover(directory).store.close(),
    }
    makers[first](tmp_path / "site" / "state")
    assert {tmp_path, tmp_path / "site"} <= set(synced)


def test_of_two_who_write_a_file_once_the_first_stays(tmp_path: Path, synced: list[Path]) -> None:
    path = tmp_path / "secret.key"
    write_once(path, b"first")
    assert tmp_path in synced
    write_once(path, b"second")
    assert path.read_bytes() == b"first"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["secret.key"], "no draft is left"


def test_nothing_that_is_there_is_written_over(tmp_path: Path, synced: list[Path]) -> None:
    write_synced(tmp_path / "one", b"1")
    copy_synced(tmp_path / "one", tmp_path / "two")
    assert (tmp_path / "two").read_bytes() == b"1"
    assert synced == [tmp_path / "one", tmp_path / "two"]
    with pytest.raises(FileExistsError):
        write_synced(tmp_path / "one", b"2")
    with pytest.raises(FileExistsError):
        copy_synced(tmp_path / "one", tmp_path / "two")
