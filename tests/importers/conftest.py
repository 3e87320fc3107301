"""Real inputs, where this machine has them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture
def shared_data() -> Path:
    """The folder of real inputs: $GEOOFFER_SHARED_DATA, else ../shared/data beside the repository."""
    named = os.environ.get("GEOOFFER_SHARED_DATA")
    folder = Path(named) if named else Path(__file__).parents[2].parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the folder of real inputs is absent (GEOOFFER_SHARED_DATA)")
    return folder
