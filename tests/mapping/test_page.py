"""The page: one well-formed file that holds every fence once, calls nobody, and takes no markup from a catalog."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from town import NOW_MS, document, fence, square, store

from geooffer.mapping.document import Card, FenceKind, LineLayer, MapDocument, MapFence, MapMark, MarkLayer
from geooffer.mapping.page import render_page
from geooffer.model.catalog import Geofence, Offer
from geooffer.model.shapes import Circle, Part, Polygon, pack_ring
from map_pages import data_of, numbers_of, read_page, shapes_of

HOSTILE = "</script><script>alert(1)</script><!-- <b> & \" ' ]]> {{data}} \u2028"


def test_it_is_one_file_that_calls_nobody() -> None:
    reader = read_page(render_page(document([fence(0)], [store(0)])))
    assert {"src", "href", "action"} & {name for _, attributes in reader.elements for name in attributes} == set()
    style, script = reader.styles[0], reader.scripts[1]
    assert not re.search(r"https?:|url\(|@import", style + script)
    assert not re.search(r"\b(fetch|XMLHttpRequest|WebSocket|EventSource|importScripts|eval|Function)\(", script)
    assert "innerHTML" not in script
    assert "{{" not in script + style


def test_its_policy_allows_its_own_script_and_nothing_else() -> None:
    reader = read_page(render_page(document([fence(0)], [store(0)])))
    (policy,) = [
        attributes["content"]
        for tag, attributes in reader.elements
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    script, style = (
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for text in (reader.scripts[1], reader.styles[0])
    )
    assert policy == f"default-src 'none'; script-src 'sha256-{script}'; style-src 'sha256-{style}'"


def test_every_fence_is_there_once_and_exactly() -> None:
    fences = [fence(number, radius_cm=5_000 + number) for number in range(20)]
    fences += [
        Geofence("antimeridian", square(179.99, -17.0, 0.02)),
        Geofence("court", square(13.4, 52.6, 0.01, hole=True)),
    ]
    page = render_page(document(fences, [store(number) for number in range(20)]))
    data = data_of(page)
    assert data["fences"]["ids"] == [one.geofence_id for one in fences]
    assert data["fences"]["count"] == 22
    shapes = shapes_of(data["fences"]["shapes"])
    assert len(shapes) == 22
    for one, shape in zip(fences[:20], shapes[:20], strict=True):
        assert isinstance(one.shape, Circle)
        assert shape == (one.shape.latitude_e7, one.shape.longitude_e7, one.shape.radius_cm)
    assert data["fences"]["stores"] == [*range(20), -1, -1]
    assert [data["kinds"][kind]["dashed"] for kind in data["fences"]["kinds"]] == [False] * 20 + [True] * 2
    points = np.array(numbers_of(data["stores"]["points"])).reshape(-1, 2).cumsum(axis=0)
    assert points.tolist() == [[s.latitude_e7, s.longitude_e7] for s in (store(number) for number in range(20))]


def texts_of(value: Any) -> list[str]:
    """All strings of a JSON value."""
    if isinstance(value, dict):
        return [text for item in value.values() for text in texts_of(item)]
    if isinstance(value, list):
        return [text for item in value for text in texts_of(item)]
    return [value] if isinstance(value, str) else []


def test_hostile_names_stay_text() -> None:
    fences = [fence(0, name=HOSTILE)]
    shown = document(fences, [store(0, name=HOSTILE)])
    shown.title = shown.source = HOSTILE
    shown.figures, shown.tallies, shown.tallies_title = {HOSTILE: HOSTILE}, {HOSTILE: 1}, HOSTILE
    shown.fences = [MapFence(fences[0], FenceKind(HOSTILE, "#000000"))]
    shown.marks = [MarkLayer(HOSTILE, "dot", "#000000", [MapMark(0, 0, HOSTILE)])]
    shown.cards = [Card(HOSTILE, (HOSTILE,), 0, 0, "#000000")]
    reader = read_page(render_page(shown))
    plain = read_page(render_page(document([fence(0)], [store(0)])))
    # the same elements as a harmless page has, and the text whole in the data
    assert [tag for tag, _ in reader.elements] == [tag for tag, _ in plain.elements]
    assert reader.scripts[1] == plain.scripts[1]
    assert set("<>&") & set(reader.scripts[0]) == set()
    found = [text for text in texts_of(data_of(render_page(shown))) if HOSTILE in text]
    assert len(found) == 11
    assert set(found) == {HOSTILE}


def test_an_empty_catalog_is_a_page_too() -> None:
    page = render_page(document([], []))
    data = data_of(page)
    assert (data["fences"]["count"], data["stores"]["count"], data["fences"]["shapes"]) == (0, 0, "")
    assert data["suspicions"] == []
    assert "There is no fence to draw." in page


def test_offers_are_listed_with_their_stores_and_network_wide_ones_once() -> None:
    shown = document([fence(0), fence(1)], [store(0), store(1)])
    one = Offer("one", "shoe", NOW_MS, NOW_MS + 1000, store_ids=("store-1", "unknown"), paused=True)
    everywhere = Offer("everywhere", "sock", NOW_MS, NOW_MS + 1000)
    many = [replace(one, offer_id=f"many-{number}", store_ids=("store-0",), paused=False) for number in range(30)]
    shown.offers = [one, everywhere, *many]
    offers = data_of(render_page(shown))["offers"]
    assert [offers["lines"][index] for index in offers["by_store"]["1"]] == [
        "one: shoe, 2026-03-03T09:00:00Z to 2026-03-03T09:00:01Z, paused"
    ]
    assert (len(offers["by_store"]["0"]), offers["counts"]["0"]) == (20, 30)
    assert offers["everywhere_count"] == 1
    assert len(offers["lines"]) == 1 + 1 + 20


def test_suspicions_lead_to_fences_and_stores_and_are_cut_with_their_count() -> None:
    fences = [Geofence(f"bare-{number}", fence(number).shape) for number in range(400)]
    (group,) = data_of(render_page(document(fences, [])))["suspicions"]
    assert (group["count"], len(group["items"]), group["quiet"]) == (400, 300, True)
    outside = document([fence(0)], [store(0, north_e7=9_000)])
    (group,) = data_of(render_page(outside))["suspicions"]
    assert (group["items"][0]["fences"], group["items"][0]["stores"], group["quiet"]) == ([0], [0], False)


@pytest.mark.parametrize(("longitude_e7", "middle_e7"), [(134_000_000, 134_000_000), (1_799_000_000, 1_799_000_000)])
def test_the_frame_is_around_the_data(longitude_e7: int, middle_e7: int) -> None:
    shown = MapDocument("", "", NOW_MS, NOW_MS, marks=[MarkLayer("", "dot", "#000000", [MapMark(0, longitude_e7, "")])])
    assert data_of(render_page(shown))["middle_e7"] == middle_e7


def test_lines_come_back() -> None:
    shown = document([], [])
    shown.lines = [LineLayer("streets", "halo", 1.5, 1.0, [np.array([[10, 20], [11, 18]], dtype=np.int32)])]
    (layer,) = data_of(render_page(shown))["lines"]
    assert numbers_of(layer["paths"]) == [2, 10, 20, 1, -2]


def test_twenty_thousand_fences_fit_into_three_megabytes() -> None:
    """Half circles, half squares, each with a store, a name and an id of usual length."""
    rng = np.random.default_rng(5)
    corners = np.array([[0, 0], [0, 4_000], [4_000, 4_000], [4_000, 0]], dtype=np.int32)
    fences, stores = [], []
    for number in range(20_000):
        place = rng.integers([475_000_000, 65_000_000], [545_000_000, 145_000_000], dtype=np.int32)
        shape = Polygon((Part((pack_ring(corners + place),)),)) if number % 2 else Circle(*place.tolist(), 8_000)
        fences.append(Geofence(f"fence-{number:05d}", shape, f"store-{number:05d}", f"Branch {number}"))
        stores.append(replace(store(0), store_id=f"store-{number:05d}", name=f"Branch {number}"))
    shown = document([], [])
    shown.fences = [MapFence(one, FenceKind("", "#000000")) for one in fences]
    shown.stores = stores
    page = render_page(shown).encode()
    assert len(page) < 3_000_000
    assert data_of(page.decode())["fences"]["count"] == 20_000
