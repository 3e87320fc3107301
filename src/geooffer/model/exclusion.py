"""Exclusion zones (privacy M3): places about which nothing may be known, so that a ping near one is forgotten.

Values of ZoneCategory are part of the journal format; proto/geooffer/v1/zones.proto mirrors them
(tests/model/test_zone_nouns.py holds the two together).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from geooffer.model.shapes import Shape


class ZoneCategory(IntEnum):
    """Why a place is excluded. Told to officers only, and to who wants a store's fence there."""

    CLINIC = 1
    """Whatever treats: hospitals, practices, pharmacies that are no customers."""
    WORSHIP = 2
    SHELTER = 3
    SCHOOL = 4
    COUNSELLING = 5
    PRISON = 6
    UNION = 7
    CHILDCARE = 8
    POLITICAL = 9
    AUTHORITY = 10
    """Police, courts, asylum and social security."""
    OTHER = 11


@dataclass(frozen=True, slots=True)
class ExclusionZone:
    """A shape and a buffer around it. A fix whose accuracy circle comes within the buffer is dropped."""

    zone_id: str
    category: ZoneCategory
    shape: Shape
    buffer_cm: int = 0
    name: str = ""
    """For officers; told to nobody else."""
    valid_from_ms: int = 0
    """0 = always was."""
    valid_until_ms: int = 0
    """0 = without end."""
