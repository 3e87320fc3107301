"""Lines about consent: a grant with a malformed cell is none, a withdrawal is heard whatever else its line says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from geooffer.errors import InvalidArgumentError
from geooffer.importers.csv_files import read_table
from geooffer.model.consent import ConsentMethod
from geooffer.model.signals import ConsentEvent

NOON, NOON_MS = "2026-03-03T12:00:00Z", 1_772_539_200_000
GOOD: dict[str, Any] = {
    "customer_id": "c1",
    "purposes": ["PUSH_MARKETING", "search-intent-use"],
    "granted": True,
    "event_time": NOON,
    "notice_version": "v1",
    "language": "de",
    "notice_sha256": "ab" * 32,
    "method": "in-store",
    "valid_until_time": "2027-03-03T12:00:00Z",
}
GRANT = ConsentEvent(
    "c1", 0b10100, True, NOON_MS, "v1", "de", b"\xab" * 32, ConsentMethod.IN_STORE, NOON_MS + 365 * 86_400_000
)
WITHDRAWAL = ConsentEvent("c1", 0b10100, False, NOON_MS, method=ConsentMethod.IN_STORE)


def read(tmp_path: Path, *rows: Any, name: str = "a.jsonl") -> Any:
    path = tmp_path / name
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
    return read_table(path, "consents")


def csv_of(row: dict[str, Any]) -> str:
    cells = ["|".join(cell) if isinstance(cell, list) else str(cell) for cell in row.values()]
    return f"{','.join(row)}\n{','.join(cells)}\n"


def test_a_grant_keeps_every_field_as_csv_and_as_json_lines(tmp_path: Path) -> None:
    assert [row.item for row in read(tmp_path, GOOD).rows] == [GRANT]
    assert [row.item for row in read(tmp_path, csv_of(GOOD), name="a.csv").rows] == [GRANT]


MALFORMED = {
    "granted": ["", "maybe", None, "2"],
    "purposes": ["", [], "EVERYTHING", ["PUSH_MARKETING", "ALL"]],
    "event_time": ["", "yesterday", "2026-03-03T12:00:00", 17],
    "notice_version": ["", "n" * 129],
    "language": ["deu", "DE"],
    "notice_sha256": ["ab", "zz" * 32, "ab" * 33],
    "method": ["telepathy", "OWN_DEVICE"],
    "valid_until_time": ["never", NOON, "2026-03-03T11:59:59Z"],
    "customer_id": ["", "a b"],
}


@pytest.mark.parametrize(("column", "cell"), [(name, cell) for name, cells in MALFORMED.items() for cell in cells])
def test_a_grant_with_a_malformed_cell_is_refused_by_its_column(tmp_path: Path, column: str, cell: Any) -> None:
    found = read(tmp_path, GOOD | {column: cell})
    assert found.rows == []
    (refusal,) = found.refusals
    assert column in refusal.reason
    assert not cell or str(cell) not in refusal.reason


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        (name, cell)
        for name in ("notice_version", "language", "notice_sha256", "valid_until_time")
        for cell in MALFORMED[name]
    ],
)
def test_a_withdrawal_is_heard_whatever_its_notice_says(tmp_path: Path, column: str, cell: Any) -> None:
    assert [row.item for row in read(tmp_path, GOOD | {"granted": False, column: cell}).rows] == [WITHDRAWAL]


def test_a_withdrawal_by_an_unknown_method_is_one(tmp_path: Path) -> None:
    (row,) = read(tmp_path, GOOD | {"granted": "no", "method": "telepathy"}).rows
    assert row.item == ConsentEvent("c1", 0b10100, False, NOON_MS)


BROKEN = ["{", "[1]", "7", '{"customer_id": {"a": 1}}', '{"granted": true, "granted": false}', '{"purposes": [1]}']


@pytest.mark.parametrize("line", BROKEN)
def test_a_line_that_is_no_plain_object_is_refused_by_its_place(tmp_path: Path, line: str) -> None:
    found = read(tmp_path, GOOD, "", line, GOOD | {"customer_id": "c2"})
    assert [row.item.customer_id for row in found.rows] == ["c1", "c2"]
    assert [refusal.place for refusal in found.refusals] == ["line 3"]


def test_a_name_that_one_object_lacks_is_an_empty_cell(tmp_path: Path) -> None:
    least = {name: GOOD[name] for name in ("customer_id", "purposes", "granted", "event_time", "notice_version")}
    found = read(tmp_path, GOOD, least, {name: cell for name, cell in GOOD.items() if name != "granted"})
    assert [row.item.language for row in found.rows] == ["de", ""]
    assert [refusal.reason for refusal in found.refusals] == ["granted: is missing"]


@pytest.mark.parametrize("text", ["", "[]", "{}", json.dumps(GOOD | {"grantd": True})])
def test_files_that_are_none_and_unknown_names_stop_the_run(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidArgumentError):
        read(tmp_path, text)
