"""Lets the kernels' tests use the shapes of tests/engine/fence_cases.py."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "engine"))
