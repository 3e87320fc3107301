"""Connections leave the process files to work with."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

from geooffer.rpc.open_files import connection_count_max


@pytest.mark.parametrize("open_file_count_max", [64, 256, 1_024, 20_000, 2**20])
def test_an_eighth_of_all_files_stays(open_file_count_max: int) -> None:
    together = sum(connection_count_max(kind, open_file_count_max) for kind in ("data", "control"))
    assert 0 < together <= open_file_count_max * 7 / 8


def test_however_many_files_there_may_be_connections_are_bounded() -> None:
    for many in (2**20, resource.RLIM_INFINITY):
        assert (connection_count_max("data", many), connection_count_max("control", many)) == (16_384, 1_024)


def test_the_limit_is_raised_as_far_as_may_be() -> None:
    code = (
        "import resource; from geooffer.rpc.open_files import raise_open_file_limit\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (100, 300)); raise_open_file_limit()\n"
        "print(resource.getrlimit(resource.RLIMIT_NOFILE))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "(300, 300)"
