"""A process that holds persons leaves no dump of itself, and neither does what it starts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

LIMITS = "import resource; print(resource.getrlimit(resource.RLIMIT_CORE))"
CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {LIMITS!r}], check=True)"


def told(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_there_is_no_room_for_a_dump_and_no_way_back() -> None:
    forbid = "from geooffer.journal.core_dumps import forbid_core_dumps; forbid_core_dumps()"
    assert told(f"{forbid}; {LIMITS}") == "(1, 1)"
    assert told(f"{forbid}; {CHILD}") == "(1, 1)"


def test_the_compactor_forbids_its_own(tmp_path: Path) -> None:
    """Run by hand, too, where no server has forbidden it."""
    run = f"from geooffer.journal.compactor import main; main([{str(tmp_path)!r}])"
    assert told(f"{run}; {LIMITS}").splitlines()[-1] == "(1, 1)"


def test_a_backup_forbids_its_own(tmp_path: Path) -> None:
    """It holds the journal's pages and the decision key."""
    arguments = ["backup", str(tmp_path / "to"), "--state-dir", str(tmp_path)]
    run = f"import sys; from geooffer.cli.main import main; sys.argv[1:] = {arguments!r}"
    assert told(f"{run}\ntry:\n    main()\nexcept SystemExit:\n    {LIMITS}") == "(1, 1)"


def test_what_is_forbidden_altogether_stays_so() -> None:
    """As in a container with `--ulimit core=0`: raising it is for root alone."""
    lower = "import resource; resource.setrlimit(resource.RLIMIT_CORE, (0, 0))"
    forbid = "from geooffer.journal.core_dumps import forbid_core_dumps; forbid_core_dumps()"
    assert told(f"{lower}; {forbid}; {LIMITS}") == "(0, 0)"
