"""What reading a message costs, a ping: the Python codec, and the native one where its extension is built.

`python benchmarks/native_wire.py`: rounds of both take turns, the best of five counts. Native figures are those of the
decoder alone, into columns that are used again, as a worker does it; Python's are of `codec.decode_stream_request`.
"""

from __future__ import annotations

import importlib
import sys
from time import perf_counter_ns

import numpy as np

from geooffer.rpc import codec
from geooffer.rpc.codec import Sender
from geooffer.v1 import ping_service_pb2 as pb

ROUND_COUNT = 5
ROUND_NS = 60_000_000
PHONE = Sender(own_key=77)
GATEWAY = Sender(own_key=0, key_ranges=((1, 1_000_000),))


def messages() -> dict[str, tuple[bytes, Sender, int]]:
    """Name → message, who sends it, rows."""
    source = np.random.default_rng(1)
    ping = pb.Ping(sequence=9, session_id=2**40, latitude_e7=473_000_000, longitude_e7=85_000_000, accuracy_cm=900)
    found = {"single": (pb.StreamPingsRequest(ping=ping).SerializeToString(), PHONE, 1)}
    for count in (100, 256, 1_024):
        batch = pb.PingBatch(
            device_keys=source.integers(1, 1_000_000, count).tolist(),
            sequences=range(1, count + 1),
            latitudes_e7=source.integers(470_000_000, 480_000_000, count).tolist(),
            longitudes_e7=source.integers(80_000_000, 90_000_000, count).tolist(),
            accuracies_cm=source.integers(300, 3_000, count).tolist(),
            fix_ages_millis=source.integers(0, 900, count).tolist(),
        )
        found[f"batch {count}"] = (pb.StreamPingsRequest(batch=batch).SerializeToString(), GATEWAY, count)
    return found


def python_ns(data: bytes, sender: Sender) -> float:
    """Nanoseconds a message."""
    repeat_count, started_ns = 0, perf_counter_ns()
    while perf_counter_ns() - started_ns < ROUND_NS:
        codec.decode_stream_request(data, sender, 1)
        repeat_count += 1
    return (perf_counter_ns() - started_ns) / repeat_count


def tell(line: str) -> None:
    """To standard output, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Print the table."""
    try:
        native = importlib.import_module("geooffer_native")
    except ImportError:
        native = None
    tell("| message | bytes | Python, ns a ping | native, ns a ping | ratio |")
    tell("|---|---|---|---|---|")
    for name, (data, sender, row_count) in messages().items():
        python, best = [], []
        for _ in range(ROUND_COUNT):
            python.append(python_ns(data, sender) / row_count)
            if native is not None:
                repeat_count = max(1, int(ROUND_NS / (20 * row_count)))
                ranges = list(sender.key_ranges)
                best.append(native.decode_time_ns(data, sender.own_key, ranges, repeat_count) / row_count)
        told = f"{min(best):.1f} | {min(python) / min(best):.0f}" if best else "not built | –"
        tell(f"| {name} | {len(data)} | {min(python):,.0f} | {told} |")


if __name__ == "__main__":
    main()
