"""The audit step of .ci/run: what it makes of each answer, and that a fault is not taken for a silent database."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ("exit 0", 0, "dependencies audited: no known advisory"),
        ("echo 'error: Request failed after 3 retries' >&2; exit 2", 0, "NOT AUDITED"),
        ("echo 'urllib3 2.0.0: GHSA-x'; exit 1", 1, "GHSA-x"),
        # an answer that names a failed request among its findings is an answer
        ("echo 'h2: Request failed'; echo 'Request failed' >&2; exit 1", 1, "advisories found"),
        ("echo 'error: no uv.lock' >&2; exit 2", 2, "no uv.lock"),
    ],
)
def test_each_answer(tmp_path: Path, body: str, code: int, words: str) -> None:
    stand_in = tmp_path / "uv"
    stand_in.write_text(f"#!/bin/sh\n{body}\n")
    stand_in.chmod(0o700)
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "audit_dependencies.py", stand_in],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert words in done.stdout


@pytest.mark.parametrize(("options", "code"), [((), 0), (("--required",), 3)])
def test_what_is_released_has_to_be_audited(tmp_path: Path, options: tuple[str, ...], code: int) -> None:
    stand_in = tmp_path / "uv"
    stand_in.write_text("#!/bin/sh\necho 'error: Request failed after 3 retries' >&2; exit 2\n")
    stand_in.chmod(0o700)
    command = [sys.executable, ROOT / "tools" / "audit_dependencies.py", stand_in, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, "NOT AUDITED" in done.stdout) == (code, True)


def test_the_step_is_part_of_ci() -> None:
    assert "make audit" in (ROOT / ".ci" / "run").read_text()
    assert "tools/audit_dependencies.py" in (ROOT / "Makefile").read_text()
