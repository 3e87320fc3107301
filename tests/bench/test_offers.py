"""`geooffer bench offers`: real processes, a durable journal, and every offer accounted for."""

from __future__ import annotations

import json

import pytest

from geooffer.bench.offers import JOURNALS
from invoking import CliRunner, geooffer_app


@pytest.mark.long
def test_durable_offers_are_counted_and_timed() -> None:
    flags = ("--seconds", "1", "--streams", "40", "--rate", "120", "--rounds", "1", "--json")
    result = CliRunner().invoke(geooffer_app(), ["bench", "offers", *flags])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout.splitlines()[-1])
    assert set(report["runs"]) == set(JOURNALS)
    for run in report["runs"].values():
        assert 0 < run["offers"] <= run["expected"]
        assert run["offer"]["p50_us"] <= run["offer"]["p99_us"] <= run["offer"]["max_us"]
        assert run["ping"]["p50_us"] > 0
    assert 0 < report["disk"]["p50_us"] <= report["disk"]["max_us"]
