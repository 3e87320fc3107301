"""What all tests share: machine code is compiled (or loaded from the cache) once, before the first test."""

from __future__ import annotations

import pytest

from geooffer.kernels.compile import compile_all


@pytest.fixture(scope="session", autouse=True)
def compiled_kernels() -> None:
    """Afterwards no kernel accepts other types, as in a running server: a test that would compile fails."""
    compile_all()
