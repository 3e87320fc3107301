"""`geooffer bench catalog`: its figures from what was seen, and a short run against a real server."""

from __future__ import annotations

import json
from array import array
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from geooffer.bench.catalog import CatalogPlan, ReadyCatalogServer, Watched, _Run
from geooffer.bench.catalog_calls import Caller, Change, Probe, Prober
from geooffer.bench.catalog_load import Answered
from geooffer.bench.catalog_world import further_count, further_fence
from geooffer.v1.verdicts_pb2 import TRANSITION_KIND_ENTER, TRANSITION_KIND_EXIT
from invoking import CliRunner, geooffer_app


def test_no_two_of_the_fences_meet_and_as_many_are_there_as_wanted() -> None:
    assert further_count(100_000) == 98_400
    shapes = [further_fence(number).shape for number in range(3_000)]
    places = {(shape.latitude_e7, shape.longitude_e7) for shape in shapes}  # type: ignore[union-attr]
    assert len(places) == 3_000


def report_of(changes: list[Change]) -> dict[str, Any]:
    """Of a run of three seconds, one a part, with a merge in the last."""
    plan = CatalogPlan(Path(), row_count=10)
    ready = ReadyCatalogServer("", [], 1, "", fill_s=2.0)
    run = _Run(plan, ready, None, print)  # type: ignore[arg-type]
    run._spans = {"peak": (0.0, 1.0), "alone": (1.0, 2.0), "changes": (2.0, 3.0), "merges": (3.0, 4.0)}
    run._changes = {"changes": changes, "merges": changes}
    run._state = SimpleNamespace(index_size_bytes=7, index_delta_box_count=3)
    answered = Answered(array("d", [0.5, 1.5, 2.5, 3.1, 3.6]), array("d", [0.6, 1.502, 2.504, 3.2, 3.7]))
    watched = Watched(turns=[(1.5, 0.001), (3.5, 0.02)], publications=[(2.5, 2.501)], merges=[(3.55, 3.65), (3.9, 4.1)])
    watched.takeovers.append((3.65, 3.653))
    return run.report(watched, answered)


def test_the_parts_are_told_apart_and_what_overlaps_a_merge_is_told_again() -> None:
    report = report_of([Change("create", 2.0, 2.010, 2.012, is_right=True)])
    assert report["peak_pings_per_s"] == 10
    pings = report["pings"]
    assert [pings[part]["messages"] for part in ("alone", "changes", "merges", "while merging")] == [1, 1, 2, 1]
    assert pings["alone"]["max_us"] == pytest.approx(2_000, abs=2)
    assert pings["while merging"]["max_us"] == pytest.approx(100_000, rel=0.001)
    assert pings["merges"]["turns"]["max_us"] == pytest.approx(20_000, rel=0.001)
    assert report["changes"]["changes"]["in_force"]["p50_us"] == pytest.approx(12_000, rel=0.001)
    assert report["by_kind"]["create"]["saved"]["p50_us"] == pytest.approx(10_000, rel=0.001)
    assert (report["changes_wrong"], report["passed"]) == (0, True)
    late = report_of([Change("create", 2.0, 2.010, 2.060, is_right=True)])
    assert (late["changes_wrong"], late["passed"]) == (0, False)
    wrong = report_of([Change("create", 2.0, 2.010, 2.012, is_right=False)])
    assert (wrong["changes_wrong"], wrong["passed"]) == (2, False)


@pytest.mark.parametrize(
    ("transitions", "is_right"),
    [
        ([((TRANSITION_KIND_ENTER, "f"),), ()], True),
        ([(), ((TRANSITION_KIND_ENTER, "f"),)], True),
        ([(), (), ((TRANSITION_KIND_ENTER, "f"),)], False),
        ([((TRANSITION_KIND_EXIT, "f"),), ()], False),
        ([((TRANSITION_KIND_ENTER, "g"),), ()], False),
    ],
)
async def test_the_first_ping_decided_by_a_change_has_to_tell_it(
    transitions: list[tuple[tuple[int, str], ...]], is_right: bool
) -> None:
    prober = Prober(None, 1)
    caller = Caller(SimpleNamespace(unary_unary=lambda *_, **__: None), "", prober)

    async def method(request: object, **_: object) -> Any:
        prober.probes.append(Probe(0.0, 5.0, 6, ((TRANSITION_KIND_ENTER, "f"),)))  # by the generation before
        prober.probes += [Probe(0.0, 10.0 + place, 7, told) for place, told in enumerate(transitions)]
        prober.probes.append(Probe(0.0, 20.0, 8, ()))
        return SimpleNamespace(catalog_generation=7)

    change = await caller._change("create", method, None, "f")
    assert (change.in_force_s, change.is_right) == (10.0, is_right)


@pytest.mark.long
def test_a_short_run_finds_every_change_in_force() -> None:
    arguments = ["bench", "catalog", "--fences", "2500", "--seconds", "1", "--streams", "2", "--json"]
    result = CliRunner().invoke(geooffer_app(), arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["changes_wrong"] == 0
    assert report["changes"]["changes"]["count"] >= 4
    assert report["pings"]["alone"]["messages"] > 10
    assert report["merges"]["count"] >= 1
