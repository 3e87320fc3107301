"""Every module that registers entries: importing this one is what `compile_all` needs. One import a line."""

from __future__ import annotations

import geooffer.kernels.area
import geooffer.kernels.cells
import geooffer.kernels.circles
import geooffer.kernels.consent
import geooffer.kernels.contacts
import geooffer.kernels.exclusion
import geooffer.kernels.hashing
import geooffer.kernels.locate
import geooffer.kernels.matcher
import geooffer.kernels.native_entry
import geooffer.kernels.nearest
import geooffer.kernels.overlap
import geooffer.kernels.regions
import geooffer.kernels.retention
import geooffer.kernels.spans
import geooffer.kernels.stock
import geooffer.kernels.visits  # noqa: F401
