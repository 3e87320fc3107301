"""The categories of exclusion zones and their proto twin; a zone in the journal and in a snapshot is the zone."""

from __future__ import annotations

from geooffer.engine.apply import fold
from geooffer.engine.parts import put_part, take_part
from geooffer.engine.state import State, digest
from geooffer.journal.field_arrays import pack, unpack
from geooffer.model.exclusion import ExclusionZone, ZoneCategory
from geooffer.model.records import CATALOG_PARTITION, Entry, NounDeleted, NounPut
from geooffer.model.shapes import Circle, Part, Polygon
from geooffer.v1 import zones_pb2

NOW_MS = 1_772_528_400_000
RING = b"".join(value.to_bytes(4, "little", signed=True) for value in (0, 0, 0, 9, 9, 9))
ZONES = (
    ExclusionZone("a", ZoneCategory.PRISON, Circle(1, -2, 300), 4, "Tor", 5, 6),
    ExclusionZone("b", ZoneCategory.OTHER, Polygon((Part((RING,)),))),
)


def test_each_category_is_its_proto_twin() -> None:
    values = zones_pb2.DESCRIPTOR.enum_types_by_name["ZoneCategory"].values
    told = [(value.name, value.number) for value in values]
    assert told == [
        ("ZONE_CATEGORY_UNSPECIFIED", 0),
        *((f"ZONE_CATEGORY_{item.name}", item.value) for item in ZoneCategory),
    ]


def test_a_zone_reads_back_from_a_frame_with_its_category() -> None:
    for zone in ZONES:
        again = unpack(pack(NounPut(zone, NOW_MS)))
        assert again == NounPut(zone, NOW_MS)
        assert isinstance(again.noun.category, ZoneCategory)


def test_a_zone_is_in_the_catalogs_part_and_an_older_part_has_none() -> None:
    entries = [Entry(CATALOG_PARTITION, number, NounPut(zone, NOW_MS)) for number, zone in enumerate(ZONES, start=1)]
    state = fold(State(), [*entries, Entry(CATALOG_PARTITION, 3, NounDeleted("ExclusionZone", "a", NOW_MS))])
    part = take_part(state, CATALOG_PARTITION)
    again = State()
    put_part(again, unpack(pack(part)))
    assert again.registry.exclusion_zones == {"b": ZONES[1]}
    assert isinstance(again.registry.exclusion_zones["b"].category, ZoneCategory)
    assert digest(again, CATALOG_PARTITION) == digest(state, CATALOG_PARTITION)
    for name in ("nouns", "ids", "nameless"):
        del part["content"][name]["ExclusionZone"]
    older = State()
    put_part(older, unpack(pack(part)))
    assert older.registry.exclusion_zones == {}
