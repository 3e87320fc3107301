"""`geooffer bench journal`: all that was measured was written; no test looks at the speed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from geooffer.bench import journal
from geooffer.bench.processes import BenchmarkError
from geooffer.journal.frames import decode_entries, encode_entries
from geooffer.journal.sqlite import SqliteStore
from invoking import CliRunner, geooffer_app

PERCENTILES = ("p50_us", "p90_us", "p99_us", "p999_us", "max_us")


def test_the_report_has_every_figure(tmp_path: Path) -> None:
    arguments = ["bench", "journal", "--seconds", "0.05", "--pairs", "2", "--batch", "1", "--batch", "32", "--json"]
    result = CliRunner().invoke(geooffer_app(), [*arguments, "--directory", str(tmp_path)])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert {"shape", "rival", "batches", "machine", "versions", "commit"} <= set(report)
    assert report["shape"] == "journal"
    assert [row["batch"] for row in report["batches"]] == [1, 32]
    for row in report["batches"]:
        assert row["ratio_min"] <= row["ratio"] <= row["ratio_max"]
        assert row["events_per_s"] > 0 < row["rival_events_per_s"]
        assert [row[name] for name in PERCENTILES] == sorted(row[name] for name in PERCENTILES)
        assert 20 < row["bytes_per_event"] < 300
    assert list(tmp_path.iterdir()) == []


def test_events_differ_and_read_back() -> None:
    events = journal.events(1)
    assert len({entry.record for entry in events}) == len(events)
    assert decode_entries(encode_entries(events)) == events


def test_a_run_whose_events_are_not_all_there_measures_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(store: SqliteStore, payload: bytes, expected_lsn: int) -> object:
        if expected_lsn == 7:
            payload = encode_entries([])
        return append(store, payload, expected_lsn)

    append = SqliteStore.append
    monkeypatch.setattr(SqliteStore, "append", forgetful)
    with pytest.raises(BenchmarkError):
        journal.measure(journal.JournalPlan(tmp_path, (4,), 0.05, 1), lambda _: None)
