"""Every module that registers entries: importing this one is what `compile_all` needs. One import a line."""

from __future__ import annotations

import geooffer.kernels.area
import geooffer.kernels.cells
import geooffer.kernels.locate
import geooffer.kernels.overlap  # noqa: F401
