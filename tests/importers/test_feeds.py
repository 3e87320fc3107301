"""Full feeds of prices and stock, and which keys refused rows still tell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from geooffer.errors import InvalidArgumentError
from geooffer.importers.csv_files import read_table
from geooffer.importers.feeds import read_price_feed, read_stock_feed
from geooffer.importers.geojson import read_fences
from geooffer.model.catalog import Price, Size, StockFigure
from geooffer.model.units import parse_time_ms

AS_OF_MS = parse_time_ms("2026-03-02T03:00:00Z")


def written(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "feed.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_price_feed_holds_from_its_moment(tmp_path: Path) -> None:
    path = written(tmp_path, "product_id,amount_minor,currency,store_id", "p1,9990,EUR,", "p1,8990,EUR,s1")
    found = read_price_feed(path, AS_OF_MS)
    assert found.items == [Price("p1", 9990, "EUR", AS_OF_MS), Price("p1", 8990, "EUR", AS_OF_MS, "s1")]


def test_a_price_feed_names_each_price_once_and_no_time(tmp_path: Path) -> None:
    path = written(tmp_path, "product_id,amount_minor,currency", "p1,9990,EUR", "p1,8990,EUR", "p 2,1,EUR")
    found = read_price_feed(path, AS_OF_MS)
    assert [refusal.key for refusal in found.refusals] == [("p1", ""), ()]
    assert found.refusals[0].reason.startswith("the same product and store as line 2")
    timed = written(tmp_path, "product_id,amount_minor,currency,valid_from_time", "p1,9990,EUR,2026-01-01T00:00:00Z")
    with pytest.raises(InvalidArgumentError, match="unknown column valid_from_time"):
        read_price_feed(timed, AS_OF_MS)


def test_a_stock_feed_line_may_be_older_than_the_feed_not_newer(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "store_id,product_id,size,available_count,as_of_time",
        "s1,p1,EU 43,5,",
        "s1,p1,EU 42,4,2026-03-01T20:00:00Z",
        "s1,p2,,1,2026-03-02T03:00:01Z",
    )
    found = read_stock_feed(path, AS_OF_MS)
    assert found.items == [
        StockFigure("s1", "p1", Size("EU", "43"), 5, AS_OF_MS),
        StockFigure("s1", "p1", Size("EU", "42"), 4, parse_time_ms("2026-03-01T20:00:00Z")),
    ]
    assert found.refusals[0].reason == "as_of_time: is after --as-of"
    assert found.refusals[0].key == ("s1", "p2", "")


def test_a_refused_line_tells_its_key_up_to_what_cannot_be_read(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "store_id,product_id,size,available_count",
        "s1,p1,EU  43,many",
        "s1,p1,43,1",
        "s1,,EU 43,1",
        ",p1,EU 43,1",
        "s1,p1,EU 43",
    )
    keys = [refusal.key for refusal in read_stock_feed(path, AS_OF_MS).refusals]
    assert keys == [("s1", "p1", "EU 43"), ("s1", "p1"), ("s1",), (), ()]


def test_a_refused_noun_tells_its_id_where_it_has_one(tmp_path: Path) -> None:
    path = written(tmp_path, "category_id,name_en", "a,Shoes", "a,Boots", "b c,Hats")
    assert [refusal.key for refusal in read_table(path, "categories").refusals] == [("a",), ()]


def test_a_refused_feature_tells_its_id_where_it_has_one(tmp_path: Path) -> None:
    line = {"type": "LineString", "coordinates": [[8, 47], [9, 48]]}
    features = [
        {"type": "Feature", "properties": {"geofence_id": "f1"}, "geometry": line},
        {"type": "Feature", "properties": {"geofence_id": "f2"}, "geometry": None},
        {"type": "Feature", "properties": {}, "geometry": line},
        "nonsense",
    ]
    path = tmp_path / "fences.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    assert [refusal.key for refusal in read_fences(path).refusals] == [("f1",), ("f2",), (), ()]
