"""A state directory has one server."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from geooffer.errors import ConfigurationError
from geooffer.journal.service_lock import LOCK_NAME, ServiceLock

HOLD = """
import sys
from pathlib import Path
from geooffer.journal.service_lock import ServiceLock
lock = ServiceLock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_lock_is_refused_until_the_first_is_closed(tmp_path: Path) -> None:
    first = ServiceLock(tmp_path)
    with pytest.raises(ConfigurationError, match="another server"):
        ServiceLock(tmp_path)
    first.close()
    first.close()
    ServiceLock(tmp_path).close()
    assert stat.S_IMODE((tmp_path / LOCK_NAME).stat().st_mode) == 0o600


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(ConfigurationError, match=f"process {process.pid}"):
            ServiceLock(tmp_path)
        process.kill()
        process.wait()
        ServiceLock(tmp_path).close()
