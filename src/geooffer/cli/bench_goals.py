"""`geooffer bench goals`: every goal of the native plane with the figure this machine shows, reached or not."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from geooffer.cli.bench_report import origin, print_origin, tell
from geooffer.cli.options import JsonOutput
from geooffer.cli.output import remark
from geooffer.errors import ConfigurationError

TIMEOUT_S = 300.0


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("goals")(goals)


def goals(
    only: Annotated[list[str] | None, typer.Option(help="Commands of these names alone (see --list).")] = None,
    list_only: Annotated[bool, typer.Option("--list", help="Say what would be run.")] = False,
    results: Annotated[Path | None, typer.Option(help="Keep every command's JSON in this file.")] = None,
    json_output: JsonOutput = False,
) -> None:
    """Run what shows P1 to P8, one after the other, and print reached or not reached. Some 12 minutes."""
    from geooffer.bench.goals import COMMANDS, GOALS, NOT_SHOWN, shown

    wanted = {name: line for name, line in COMMANDS.items() if not only or name in only}
    if not wanted:
        raise ConfigurationError(f"--only names none of {', '.join(COMMANDS)}")
    if list_only:
        for name, line in wanted.items():
            print(f"{name:>18}  geooffer bench {line} --json")
        return
    reports, failures = _run_all(wanted)
    if results is not None:
        results.write_text(json.dumps({"reports": reports, "failures": failures}, ensure_ascii=False, indent=1))
    found = [shown(goal, reports) for goal in GOALS if goal.command in wanted]
    report = {
        "shape": "goals",
        "goals": [
            {
                "name": item.goal.name, "text": item.goal.text, "value": item.value, "unit": item.goal.unit,
                "bound": item.goal.bound, "is_minimum": item.goal.is_minimum, "reached": item.is_reached,
                "command": item.goal.command,
            }
            for item in found
        ],
        "failures": failures,
        "not_shown": [] if only else [list(item) for item in NOT_SHOWN],
        **origin(),
    }  # fmt: skip
    tell(report, _print, json_output)


def _run_all(commands: dict[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    reports: dict[str, Any] = {}
    failures: dict[str, str] = {}
    for number, (name, line) in enumerate(commands.items(), 1):
        began_s = time.monotonic()
        call = [sys.executable, "-m", "geooffer.cli.main", "bench", *line.split(), "--json"]
        try:
            done = subprocess.run(call, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired:
            failures[name] = f"not done within {TIMEOUT_S:.0f} s"
        else:
            lines = done.stdout.splitlines()
            if done.returncode == 0 and lines:
                reports[name] = json.loads(lines[-1])
            else:
                failures[name] = (done.stderr.strip().splitlines() or ["no output"])[-1]
        told = failures.get(name, "done")
        remark(f"{number} of {len(commands)}, {name}: {told} ({time.monotonic() - began_s:.0f} s)")
    return reports, failures


def _print(report: dict[str, Any]) -> None:
    for item in report["goals"]:
        sign = "≥" if item["is_minimum"] else "≤"
        value = "no figure" if item["value"] is None else f"{_number(item['value'])} {item['unit']}"
        state = "reached" if item["reached"] else "NOT REACHED"
        print(f"  {item['name']}  {state:<11}  {value:>18}  {sign} {_number(item['bound']):<10} {item['text']}")
    for name, text in report["failures"].items():
        print(f"  failed: {name}: {text}")
    for name, text, reason in report["not_shown"]:
        print(f"  {name}  not shown    {text}: {reason}")
    print_origin(report)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.4g}"
