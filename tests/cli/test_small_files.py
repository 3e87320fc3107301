"""Files that a user names for settings, tokens and certificates."""

from __future__ import annotations

from pathlib import Path

import pytest

from geooffer.cli.small_files import new_private_file, read_small
from geooffer.errors import ConfigurationError
from geooffer.model import limits


def test_it_reads_up_to_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x" * limits.SMALL_FILE_SIZE_MAX_BYTES)
    assert len(read_small(path)) == limits.SMALL_FILE_SIZE_MAX_BYTES
    path.write_bytes(b"x" * (limits.SMALL_FILE_SIZE_MAX_BYTES + 1))
    with pytest.raises(ConfigurationError, match="more than 4 MiB"):
        read_small(path)


def test_what_cannot_be_read_is_one_error_with_its_name(tmp_path: Path) -> None:
    for path, reason in ((tmp_path / "none", "no such file"), (tmp_path, "is a directory")):
        with pytest.raises(ConfigurationError, match=f"{path.name}: {reason}"):
            read_small(path)


def test_a_new_file_is_there_first_and_gone_where_its_text_does_not_come(tmp_path: Path) -> None:
    path = tmp_path / "her.json"

    def ask() -> None:
        with new_private_file(path):
            assert path.stat().st_mode & 0o777 == 0o600
            raise RuntimeError

    with pytest.raises(RuntimeError):
        ask()
    assert not path.exists()
    path.write_text("of another day")
    with pytest.raises(ConfigurationError, match="is there already"):
        ask()
    assert path.read_text() == "of another day"
