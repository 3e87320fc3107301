"""The record of processing is complete: a new field, table, record, label or log field without a row fails here."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from geooffer.cli.assembly import loopback_settings, running_service
from geooffer.client import GeoofferClient
from geooffer.engine.export_fields import EXPORTED, NOT_EXPORTED
from geooffer.engine.state import State
from geooffer.model import records
from geooffer.model.catalog import Customer
from geooffer.model.policy import _BOUNDS, DAY_MS, Policy
from geooffer.operation.datamap import data_map, data_map_text
from geooffer.operation.datamap_lists import (
    HOLDINGS,
    LOG_FIELDS,
    METRIC_LABELS,
    RECORDS,
    SPAN_FIELDS,
    STATE,
    STATE_FILES,
)
from geooffer.v1 import privacy_service_pb2 as privacy_pb

SOURCES = Path(__file__).parents[2] / "src" / "geooffer"
LISTS = "src/geooffer/operation/datamap_lists.py"
TITLES = {holding.title for holding in HOLDINGS}
LEVELS = ("debug", "info", "warning", "error", "exception", "critical")


def assert_same(listed: set[str], found: set[str], name: str, what: str) -> None:
    missing, gone = sorted(found - listed), sorted(listed - found)
    assert not missing, f"{what} {missing}: add a row to {name} in {LISTS}, which says what of a person it holds"
    assert not gone, f"{name} in {LISTS} names {gone}, which no code has any more: take the rows out"


def calls() -> Iterator[ast.Call]:
    for path in sorted(SOURCES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield node


def is_log(call: ast.Call) -> bool:
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in LEVELS:
        return False
    said_to = ast.unparse(call.func.value)
    return said_to in ("log", "logger", "self._log") or "get_logger" in said_to


def test_every_table_and_class_of_the_field_lists_belongs_to_an_activity() -> None:
    listed = [source for holding in HOLDINGS for source in holding.sources]
    assert len(listed) == len(set(listed)), "each kind of data once"
    classes = {field.partition(".")[0] for field in (*EXPORTED, *NOT_EXPORTED)}
    missing = sorted(classes - set(listed))
    assert not missing, f"{missing}: name them among the sources of a Holding in HOLDINGS, {LISTS}"
    named = {source for source in listed if re.fullmatch(r"[A-Z]+|([A-Z][a-z]+)+", source)} - {"CallNoted"}
    assert named == classes


def test_every_field_of_the_field_lists_is_a_row() -> None:
    rows = [item["field"] for activity in data_map()["activities"] for item in activity["data"] if "." in item["field"]]
    assert sorted(rows) == sorted((*EXPORTED, *NOT_EXPORTED))


def test_every_attribute_of_the_state_has_a_row() -> None:
    assert_same(set(STATE), set(vars(State())), "STATE", "attributes of engine/state.py: State")
    assert set(STATE.values()) <= TITLES | {""}


def test_every_record_has_a_row_and_those_of_persons_an_activity() -> None:
    classes = {cls.__name__: cls for cls in get_args(records.Record)}
    assert_same(set(RECORDS), set(classes), "RECORDS", "records of model/records.py")
    assert set(RECORDS.values()) <= TITLES | {""}
    for name, cls in classes.items():
        if "person_key" in cls.__dataclass_fields__:
            assert RECORDS[name], f"{name} is about a person: say in RECORDS which holding it becomes"


def test_every_label_of_a_metric_is_listed() -> None:
    found = {
        item.value
        for call in calls()
        for keyword in call.keywords
        if keyword.arg == "labels" and isinstance(keyword.value, ast.List)
        for item in keyword.value.elts
        if isinstance(item, ast.Constant)
    }
    assert_same(set(METRIC_LABELS), found, "METRIC_LABELS", "labels of metrics")


def test_every_field_of_a_log_line_is_listed() -> None:
    """Fields handed on as `**name` are those that the same file puts into a dictionary of that name."""
    found, spread = set(), set()
    for call in filter(is_log, calls()):
        for keyword in call.keywords:
            if keyword.arg is None:
                spread.add(ast.unparse(keyword.value))
            else:
                found.add(keyword.arg)
    # cli/serve.py and services/compactions.py; the first line of each says what is in it
    known = {
        "where": {"data_address", "control_address", "metrics_address"},
        "who": {"version", "process_id"},
        "{name: told[name] for name in ('lsn', 'record_count', 'person_count', 'seconds')}": {
            "lsn", "record_count", "person_count", "seconds",
        },
    }  # fmt: skip
    assert spread == set(known), "a log call hands on a dictionary: name its fields here"
    assert_same(set(LOG_FIELDS), found.union(*known.values()), "LOG_FIELDS", "fields of log lines")


def test_every_attribute_of_a_span_is_listed() -> None:
    text = (SOURCES / "operation" / "traces.py").read_text(encoding="utf-8")
    found = {
        key.value
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Dict)
        for key in node.keys
        if isinstance(key, ast.Constant) and re.match(r"(rpc|geooffer)\.", str(key.value))
    }
    assert_same(set(SPAN_FIELDS), found, "SPAN_FIELDS", "attributes of spans")


def test_the_files_are_those_that_operation_names() -> None:
    page = (SOURCES.parents[1] / "docs" / "operation.md").read_text(encoding="utf-8")
    table = page.partition("## Files")[2].partition("\n\n|")[2].partition("\n\n")[0]
    found = set(re.findall(r"^\| `([^`]+)`", table, re.MULTILINE))
    assert_same(set(STATE_FILES), found, "STATE_FILES", "files in the table of docs/operation.md")
    assert set(STATE_FILES.values()) <= TITLES | {"", "all that is kept in files"}


async def test_a_server_leaves_no_other_files(tmp_path: Path) -> None:
    """With a customer who was there and was erased, and a snapshot."""
    settings = loopback_settings(state_dir=tmp_path / "state", journal="sqlite")
    async with running_service(settings) as service:
        token = service.issue_token("operator")
        async with GeoofferClient(service.data_address, control_target=service.control_address, token=token) as client:
            await client.control.upsert_customers([Customer("ann", (1,))])
            request = privacy_pb.EraseSubjectRequest(customer_id="ann")
            await client.control.call(client.control.privacy.EraseSubject, request)
    found = {re.sub(r"-(wal|shm)$", "", path.name) for path in settings.state_dir.iterdir()}
    found = {re.sub(r"^snapshot-\d+$", "snapshot-<lsn>", re.sub(r"\.pub$", ".key", name)) for name in found}
    assert "erasures.ledger" in found
    assert found <= {name.rstrip("/") for name in STATE_FILES}


def test_the_policy_in_force_says_how_long_within_the_ceilings() -> None:
    """Every retention a policy may set stands in the record, with its days; no ceiling is below what it may say."""
    longest = {name: bounds[1] for name, bounds in _BOUNDS.items() if name.endswith("_retention_days")}
    policy = Policy()._replace(**longest, intent_max_age_ms=14 * DAY_MS)
    policy.validate()
    rows = {row["activity"]: row for row in data_map(policy)["activities"]}
    told = {holding.kept_by: rows[holding.title] for holding in HOLDINGS if holding.kept_by}
    assert len(told) == len(longest)
    for kept_by, row in told.items():
        days = getattr(policy, kept_by) // DAY_MS
        assert row["kept_by_policy_days"] == days
        assert f"{days} days at most" in row["kept"], kept_by
        assert f"in force:   {days} days by the policy" in data_map_text(policy)
    assert not any("kept_by_policy_days" in row for row in data_map()["activities"])


def test_text_and_json_tell_the_same() -> None:
    text, found = data_map_text(), json.loads(json.dumps(data_map()))
    for activity in found["activities"]:
        assert activity["activity"].upper() in text
        for key in ("why", "ground", "storage", "kept", "recipients"):
            assert activity[key]
            assert activity[key] in text
        for item in activity["data"]:
            assert item["field"] in text
        assert activity["consents"] or not activity["ground"].startswith("consent")
