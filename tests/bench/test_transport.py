"""Short runs of transport shapes over real processes with the native load generator, where it is built."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from geooffer.bench.native_load import program
from geooffer.cli.bench_transport import has_native_plane
from geooffer.cli.main import build_app

SHORT = ("--seconds", "0.4", "--warmup", "0.1", "--pairs", "1", "--json")
needs_load = pytest.mark.skipif(program() is None, reason="the native load generator is not built")
needs_plane = pytest.mark.skipif(not has_native_plane(), reason="the native plane is not built")


def report_of(shape: str, *flags: str) -> dict[str, Any]:
    result = CliRunner().invoke(build_app(), ["bench", shape, *SHORT, *flags])
    assert result.exit_code == 0, result.output
    report: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    for name in ("pings_per_s", "server_cpu_ns_per_ping", "ratio", "rival_pings_per_s", "client_cpu_share"):
        assert report[name] > 0
    assert report["verdicts"]["ACCEPTED"] > 40
    return report


@needs_load
def test_gateways_over_the_python_plane() -> None:
    report = report_of("packed100", "--plane", "python", "--persons", "1600", "--rate", "0.3")
    assert (report["rival"], report["pings_per_message"]) == ("python-echo", 100)
    assert report["open_loop"][0]["p50_us"] > 0
    assert report["p99_us"] == report["open_loop"][0]["p99_us"]
    assert report["offers"] > 0


@needs_load
@needs_plane
def test_phones_over_the_native_plane(tmp_path: Path) -> None:
    curve = tmp_path / "curve.hgrm"
    report = report_of(
        "direct", "--plane", "native", "--streams", "400", "--rate", "0.3", "--trace", "--hgrm", str(curve)
    )
    assert report["rival"] == "native-echo"
    assert curve.stat().st_size > 0
    assert len(report["open_loop"][0]["trace"]) == 1


@needs_load
@needs_plane
@pytest.mark.long
# two fixes of one phone in one millisecond are one fix: there have to be phones enough
@pytest.mark.parametrize(("shape", "stream_count"), [("gateway", "4"), ("direct-tls", "400")])
def test_the_native_plane_beside_its_echo(shape: str, stream_count: str) -> None:
    report = report_of(shape, "--plane", "native", "--streams", stream_count, "--gil-hog", "hold")
    assert report["rival"] == "native-echo"


def test_what_does_not_fit_together_is_said() -> None:
    for flags, word in (
        (("--hgrm", "x"), "--rate"),
        (("--pairs", "0"), "--rate"),
        (("--compacting",), "--journal sqlite"),
    ):
        result = CliRunner().invoke(build_app(), ["bench", "direct", "--json", *flags])
        assert result.exit_code != 0
        assert word in str(result.exception) + result.output + result.stderr
