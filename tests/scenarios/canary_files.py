"""Files whose bad rows hold marked values, and the commands that are given them."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from canary_marks import (
    DEVICE,
    LATITUDE,
    LATITUDE_OUTSIDE,
    LONGITUDE,
    LONGITUDE_OUTSIDE,
    NOW_MS,
    NUMBER,
    OTHER,
    PERSON,
    STRANGER,
    TOKEN,
    mark_of,
)

from geooffer.importers.tables import TABLES
from geooffer.model.units import format_time_ms

NOW = format_time_ms(NOW_MS)
NAMED_FEATURE = "canarycatalog-named-feature"
_TEXT_COLUMNS = {"categories": ("name_en",), "products": ("title_en",)}
_VALUES = {
    "latitude": LATITUDE, "longitude": LONGITUDE, "radius_m": "50", "dwell_s": "60", "time_zone": "Europe/Zurich",
    "opening_hours": "Mo-Fr 09:00-20:00", "country": "CH", "region": "CH-ZH", "tags": "city", "is_online": "false",
    "stock_tracked": "true", "amount_minor": "7000", "currency": "EUR",
    "valid_from_time": NOW, "valid_until_time": "2026-12-01T00:00:00Z", "minimum_price_cut_percent": "10",
    "trigger": "ENTER", "paused": "false", "required_purposes": "PERSONALISED_OFFERS", "available_count": "2",
    "as_of_time": NOW, "device_keys": str(DEVICE), "language": "en", "kind": "SEARCH", "event_time": NOW,
    "purposes": "PERSONALISED_OFFERS", "granted": "true", "accuracy": "12", "tracked_at": NOW, "user_id": str(DEVICE),
}  # fmt: skip


@dataclass(frozen=True)
class Reach:
    """How the commands reach the server."""

    data_address: str
    control_address: str
    token: str
    device_token: str


def commands(folder: Path, reach: Reach) -> list[list[str]]:
    """Arguments of `geooffer`, one list a command; the files they name are written into `folder`."""
    with_token = ["--token", reach.token]
    on_control = ["--server", reach.control_address, *with_token]
    runs: list[list[str]] = []
    for kind in TABLES:
        path = _table(folder / f"{kind}.csv", kind, _columns_of(kind))
        runs.append(["import", kind, path, *on_control])
    customers, stores = str(folder / "customers.csv"), str(folder / "stores.csv")
    features = _features(folder / "fences.geojson")
    trace = _table(folder / "walk.csv", "walk", ("user_id", "tracked_at", "latitude", "longitude", "accuracy"))
    runs += [
        ["import", "customers", customers, "--json", *on_control],
        ["import", "customers", customers, customers, "--dry-run"],
        ["import", "fences", features, *on_control],
        ["import", "fences", features, "--repair", "--json", *on_control],
        ["import", "stores", stores, "--server", reach.control_address, "--token", f"{TOKEN}.{TOKEN}.{TOKEN}"],
        ["import", "stores", stores, "--server", reach.control_address, "--token", f"{TOKEN} two words"],
        ["import", "stores", stores, "--server", reach.control_address, "--token", reach.device_token],
    ]
    for kind, path in _unreadable(folder):
        runs.append(["import", kind, path, *on_control])
    servers = ["--server", reach.data_address, "--control-server", reach.control_address]
    headless = str(folder / "headless-touchpoints.csv")
    runs += [
        ["replay", trace, "--fences", features, *servers, *with_token],
        ["replay", trace, "--json", *servers, *with_token],
        ["replay", headless, *servers, *with_token],
        ["replay", trace, *servers, "--token", reach.device_token],
        ["replay", trace, *servers, "--token", f"{TOKEN}.{TOKEN}.{TOKEN}"],
        ["replay", trace, "--embedded", "--fences", features],
    ]
    place = ["--latitude", LATITUDE, "--longitude", LONGITUDE]
    runs += [
        ["try", "--device-key", str(DEVICE), *place, "--time", NOW, "--all", *on_control],
        ["try", "--device-key", str(DEVICE), *place, "--time", NOW, "--json", *on_control],
        ["try", "--device-key", str(STRANGER), *place, "--time", NOW, *on_control],
        ["try", "--device-key", str(DEVICE), "--latitude", LATITUDE_OUTSIDE, "--longitude", LONGITUDE, *on_control],
        ["try", "--device-key", str(DEVICE), "--latitude", LATITUDE, "--longitude", LONGITUDE_OUTSIDE, *on_control],
        ["try", "--device-key", str(DEVICE), *place, "--accuracy-m", str(NUMBER), *on_control],
        ["try", "--device-key", str(DEVICE), *place, "--server", reach.control_address, "--token", reach.device_token],
    ]
    return runs + _by_officers(folder, reach)


def _by_officers(folder: Path, reach: Reach) -> list[list[str]]:
    """Commands about a person nobody knows, and files that are no policy and no zones."""
    on_control = ["--server", reach.control_address, "--token", reach.token]
    nobody, reason = f"{PERSON}-nobody", ["--reason", f"{PERSON} wrote"]
    policy = folder / "policy.toml"
    policy.write_text(f'[canarycatalog-part]\nreason = "{PERSON}"\n')
    given = ["--received", NOW]
    about = [
        ["export", nobody, *reason], ["erase", nobody, "--yes"], ["consents", nobody], ["withdraw", nobody],
        ["was-allowed", nobody, "push_marketing", NOW], ["restrict", nobody, "--ground", "accuracy-contested", *reason],
        ["lift", nobody, "--informed", NOW, *reason], ["object", nobody, "--direct-marketing", *reason],
        ["record", "export", nobody, *given, *reason], ["receipt", nobody, OTHER], ["extend", OTHER, *reason],
        ["zones", "import", str(folder / "fences.geojson")], ["zones", "delete", OTHER, "--yes"],
    ]  # fmt: skip
    runs = [["privacy", *arguments, *on_control] for arguments in about]
    return [*runs, ["policy", "propose", str(policy), *on_control], ["policy", "approve", "77", *on_control]]


#: cells that a good row leaves empty: a search says one subject of one person, and no more
_EMPTY = {
    "touchpoints": [
        "web_id",
        "loyalty_id",
        "product_id",
        "search_text",
        "channel",
        "language",
        "fulfilment",
        "is_interested",
        "tier",
        "account_kind",
    ],
    "identities": ["device_key", "loyalty_id"],
}


def _columns_of(kind: str) -> tuple[str, ...]:
    table = TABLES[kind]
    return (*table.required, *table.optional, *_TEXT_COLUMNS.get(kind, ()))


def _table(path: Path, kind: str, columns: tuple[str, ...]) -> str:
    """A good row, the same row again, per column rows in which that cell is wrong, and rows of a wrong length."""
    good = {name: _VALUES.get(name) or f"{mark_of(kind, name.removesuffix('_en'))}-1" for name in columns}
    good.update(dict.fromkeys(_EMPTY.get(kind, ()), ""))
    for name in good:
        if name in ("size", "sizes"):
            good[name] = f"EU {mark_of(kind, name)}"
    rows = [list(good.values())] * 2
    for name in columns:
        rows += [list({**good, name: wrong}.values()) for wrong in _wrong_cells(kind, name)]
    rows += [[*good.values(), *good.values()], list(good.values())[:-1]]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
    return str(path)


def _wrong_cells(kind: str, name: str) -> Iterator[str]:
    mark = mark_of(kind, name.removesuffix("_en"))
    yield ""
    yield f"{mark} \x07 not legal"
    yield f"{mark}-unknown"
    yield mark * 100
    if name.startswith("latitude"):
        yield from (LATITUDE_OUTSIDE, f"{LATITUDE} N")
    elif name.startswith("longitude"):
        yield from (LONGITUDE_OUTSIDE, f"{LONGITUDE} E")
    elif name == "device_keys":
        yield f"{DEVICE}|{DEVICE}"
        yield "|".join(str(STRANGER + number) for number in range(40))
    elif _VALUES.get(name, "").isdigit():
        yield from (str(NUMBER), f"-{NUMBER}")


def _features(path: Path) -> str:
    """Fences that break every rule of shapes, at marked places; one is named by its (catalog) name."""
    x, y = float(LONGITUDE), float(LATITUDE)
    a, b, c, d = [x, y], [x + 1e-3, y], [x + 1e-3, y + 1e-3], [x, y + 1e-3]
    far, text = [float(LONGITUDE_OUTSIDE), float(LATITUDE_OUTSIDE)], [LONGITUDE, LATITUDE]
    rings = [
        [a, b, c, d, a], [a, c, b, d, a], [a, b, c, d], [a, b, a], [a, b, c, b, a], [a, b, b, c, d, a],
        [a, b, far, d, a], [a, b, text, a], [far, far, far, far], [a],
    ]  # fmt: skip
    shapes: list[dict[str, Any]] = [{"type": "Polygon", "coordinates": [ring]} for ring in rings]
    shapes += [{"type": "Point", "coordinates": place} for place in (a, far, text, a[:1])]
    features = [
        {"type": "Feature", "id": f"canarycatalog-{number}", "properties": {}, "geometry": shape}
        for number, shape in enumerate(shapes)
    ]
    features[1]["properties"] = {"name": NAMED_FEATURE}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return str(path)


def _unreadable(folder: Path) -> Iterator[tuple[str, str]]:
    """(kind, path) of files that are refused as a whole."""
    for kind in ("customers", "touchpoints", "consents", "stores"):
        lines = (folder / f"{kind}.csv").read_text().splitlines()
        texts = {
            "headless": "\n".join(lines[1:]),
            "half": "\n".join([*lines[:2], lines[1] + ',"' + lines[2]]),
            "doubled": "\n".join([lines[0] + "," + lines[0], *lines[1:]]),
            "extra": "\n".join([lines[0] + ",more", *lines[1:]]),
        }
        for name, text in texts.items():
            path = folder / f"{name}-{kind}.csv"
            path.write_text(text)
            yield kind, str(path)
    broken = folder / "broken.geojson"
    broken.write_text((folder / "fences.geojson").read_text()[:-40])
    yield "fences", str(broken)
    number = folder / "number.geojson"
    number.write_text(f'{{"type": "Point", "coordinates": [{LONGITUDE}, {LATITUDE}{"0" * 5000}NaN]}}')
    yield "stores", str(number)
