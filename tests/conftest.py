"""What all tests share: compiled kernels, and real inputs where this machine has them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from geooffer.kernels.compile import compile_all

# how long one example takes tells of the machine's load, not of the code
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


@pytest.fixture(scope="session", autouse=True)
def compiled_kernels() -> None:
    """Machine code is compiled (or loaded from the cache) once, before the first test. Afterwards no kernel accepts
    other types, as in a running server: a test that would compile fails.
    """
    compile_all()


@pytest.fixture(scope="session", autouse=True)
def shared_bytecode(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Processes that tests start share their bytecode. Where the environment forbids Python to write any (containers
    often do), each would compile some thousand modules again: half of what a command then costs.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        patch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path_factory.mktemp("bytecode")))
        yield


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
