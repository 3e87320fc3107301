"""The disk is probed beside a server under load: not while that starts, is filled or ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from geooffer.bench import offers
from geooffer.bench.direct import ServerPlan, run_once
from geooffer.bench.disk_probe import Probed, ProbePlan, probing
from geooffer.bench.offers import PROBED, OffersPlan
from geooffer.bench.processes import BenchmarkError
from geooffer.cli.bench_server import serve

SHORT = {"seconds": 0.5, "warmup_s": 0.0, "rate": 40.0}


def never_ready(pipe: Connection, plan: ServerPlan) -> None:
    """A server that fails while it starts; it tells who else is there by then."""
    pipe.send("probed" if (plan.state_dir / "probe").exists() else "alone")


def tells_its_end(pipe: Connection, plan: ServerPlan) -> None:
    """The echo, which leaves a file behind."""
    serve(pipe, plan)
    (plan.state_dir / "ended").touch()


def test_no_write_is_timed_beside_a_server_that_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offers, "JOURNALS", (PROBED,))
    with pytest.raises(BenchmarkError, match="alone"):
        offers.measure(OffersPlan(1, 0.1, 10.0, 1), never_ready, lambda _: None)


def test_writes_are_timed_from_a_filled_server_to_the_last_answer(tmp_path: Path) -> None:
    probed, ended = Probed(), []

    @contextmanager
    def beside() -> Iterator[None]:
        with probing(ProbePlan(tmp_path, 200.0, None), probed):
            yield
        ended.append((tmp_path / "ended").exists())

    result, _ = run_once(ServerPlan("echo", 2, None, tmp_path), tells_its_end, **SHORT, beside=beside())
    assert result.acknowledged == result.sent > 0
    assert ended == [False]
    assert (tmp_path / "ended").exists()
    assert probed.latencies_s
    assert min(probed.latencies_s) > 0
