"""What all tests share: compiled kernels, and real inputs where this machine has them."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

# how long one example takes tells of the machine's load, not of the code
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


def pytest_configure(config: pytest.Config) -> None:
    """Where the environment forbids Python to write bytecode (containers often do), each process that a test starts
    would compile some thousand modules again: half of what a command then costs. So this process keeps the bytecode of
    all it imports in a folder of its own, and those it starts find it there.
    """
    if not sys.dont_write_bytecode:
        return
    folder = tempfile.TemporaryDirectory(prefix="geooffer-bytecode-")
    config.add_cleanup(folder.cleanup)
    sys.dont_write_bytecode, sys.pycache_prefix = False, folder.name
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = folder.name


LONG_TIMEOUT_S = 1_800
"""Of a long test that names no limit of its own: ten times what it takes alone, for it may run beside others."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The limit in pyproject.toml is that of quick tests."""
    for item in items:
        if item.get_closest_marker("long") is not None and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(LONG_TIMEOUT_S))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Before several processes share the tests: on a fresh machine each would compile the same kernels, a minute long
    and within the time limit of its first test. So this one compiles, and they load.
    """
    from geooffer.kernels.compile import compile_all  # not before pytest_configure

    compile_all()


@pytest.fixture(scope="session", autouse=True)
def compiled_kernels() -> None:
    """Machine code is compiled (or loaded from the cache) once, before the first test. Afterwards no kernel accepts
    other types, as in a running server: a test that would compile fails.
    """
    from geooffer.kernels.compile import compile_all  # not before pytest_configure

    compile_all()


@pytest.fixture
def plane_kind(request: pytest.FixtureRequest) -> str:
    """The data plane of a test: planes.py has the marks that choose others than Python's."""
    return str(getattr(request, "param", "python"))


@pytest.fixture
def shared_data() -> Path:
    """The folder of real inputs: $GEOOFFER_SHARED_DATA, else ../shared/data beside the repository."""
    named = os.environ.get("GEOOFFER_SHARED_DATA")
    folder = Path(named) if named else Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the folder of real inputs is absent (GEOOFFER_SHARED_DATA)")
    return folder


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting or token of the machine reaches a test, and no test writes into the user's home."""
    for name in list(os.environ):
        if name.startswith("GEOOFFER_") and name not in ("GEOOFFER_CACHE_DIR", "GEOOFFER_SHARED_DATA"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
