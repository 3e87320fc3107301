"""docs/operation.md names every log event, every setting and every exit code, and nothing else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from geooffer.cli import errors
from geooffer.cli.settings import RELOADABLE_KEYS, ServiceSettings
from geooffer.operation.checks import LIVE_NAMES, READY_NAMES
from geooffer.operation.startup import Phase

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operation.md").read_text(encoding="utf-8")
LEVELS = ("debug", "info", "warning", "error", "exception", "critical")


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(title: str) -> list[list[str]]:
    """Cells of the section's tables, heads and rules left out."""
    lines = [line for line in section(title).splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "`" in line or line[2].isdigit()]


def calls_of_logs() -> Iterator[tuple[Path, str, ast.Call]]:
    """(file, level, call) of every log line in the sources."""
    for path in sorted((ROOT / "src" / "geooffer").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS:
                said_to = ast.unparse(node.func.value)
                if said_to in ("log", "logger", "self._log") or "get_logger" in said_to:
                    yield path, node.func.attr, node


def test_every_log_event_is_a_fixed_name_of_the_page_with_its_level() -> None:
    used = set()
    for path, level, call in calls_of_logs():
        assert call.args, path
        assert isinstance(call.args[0], ast.Constant), f"{path.name}:{call.lineno}: the event is no fixed name"
        assert len(call.args) == 1, path
        used.add((call.args[0].value, level))
    assert {(cells[0].strip("`"), cells[1]) for cells in rows("Log")} == used


def test_no_level_of_a_logger_is_taken_by_another_name() -> None:
    """`tell = log.error` would hide an event from the test above."""
    for path in sorted((ROOT / "src" / "geooffer").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in LEVELS and ast.unparse(node.value) == "log":
                assert id(node) in called, f"{path.name}:{node.lineno}"


def test_every_setting_is_there_with_default_and_meaning() -> None:
    found = {cells[0].strip("`"): cells[1:] for cells in rows("Settings")}
    assert list(found) == list(ServiceSettings.model_fields)
    for key, field in ServiceSettings.model_fields.items():
        default, reload, meaning = found[key]
        if key != "state_dir":
            shown = str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
            assert default == ("–" if field.default is None else shown), key
        assert reload == ("yes" if key in RELOADABLE_KEYS else "no"), key
        assert meaning == field.description, key


def test_every_check_and_phase_is_there() -> None:
    found = [(cells[0].strip("`"), cells[1].strip("`")) for cells in rows("Is it alive, is it ready?")]
    assert {name for path, name in found if path == "/livez"} == set(LIVE_NAMES)
    assert {name for path, name in found if path == "/readyz"} == set(READY_NAMES)
    phases = re.search(r"Phases: (.*)\.", section("Is it alive, is it ready?"))
    assert phases is not None
    assert re.findall(r"`(\w+)`", phases[1]) == [phase.value for phase in Phase]


def test_the_exit_codes_are_those_of_serve() -> None:
    assert [int(cells[0]) for cells in rows("Exit codes")] == [0, errors.EXIT_BAD_INPUT, errors.EXIT_FAULT]


def test_alerts_name_metrics_of_the_table() -> None:
    metrics = section("Metrics")
    documented = set(re.findall(r"^\| `(\w+)`", metrics, re.MULTILINE))
    asked = set(re.findall(r"geooffer_\w+", metrics.split("### Alerts")[1]))
    assert {name.removesuffix("_bucket") for name in asked} <= documented
    assert len(asked) >= 10
