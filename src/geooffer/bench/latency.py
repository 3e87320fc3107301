"""Latencies as an HdrHistogram: microseconds, three significant digits, up to a minute."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from hdrh.histogram import HdrHistogram

HIGHEST_US = 60_000_000


def histogram_of(latencies_s: Iterable[float]) -> HdrHistogram:
    """A histogram of latencies given in seconds; whatever lasts longer than a minute counts as a minute."""
    histogram = HdrHistogram(1, HIGHEST_US, 3)
    for latency_s in latencies_s:
        histogram.record_value(min(HIGHEST_US, max(1, round(latency_s * 1e6))))
    return histogram


def histogram_of_buckets(buckets: Iterable[tuple[int, int]]) -> HdrHistogram:
    """A histogram of (latency in ns, how often); to the microsecond above."""
    histogram = HdrHistogram(1, HIGHEST_US, 3)
    for latency_ns, count in buckets:
        histogram.record_value(min(HIGHEST_US, max(1, -(-latency_ns // 1_000))), count)
    return histogram


def merged(histograms: Iterable[HdrHistogram]) -> HdrHistogram:
    """All of them in one."""
    total = HdrHistogram(1, HIGHEST_US, 3)
    for histogram in histograms:
        total.add(histogram)
    return total


def summary(histogram: HdrHistogram) -> dict[str, int]:
    """The percentiles of the benchmark's JSON, in µs."""
    names = {"p50_us": 50.0, "p90_us": 90.0, "p99_us": 99.0, "p999_us": 99.9, "max_us": 100.0}
    return {name: int(histogram.get_value_at_percentile(share)) for name, share in names.items()}


def write_hgrm(histogram: HdrHistogram, path: Path) -> None:
    """The percentile curve in the format of HdrHistogram's plotters, in µs."""
    with path.open("wb") as file:
        histogram.output_percentile_distribution(file, 1.0)
