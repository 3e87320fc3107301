"""Whole lives by seed, and what to do with one that went wrong: make it small and tell how to see it again.

    make simulate SEED=7            one life, told action by action
    make simulate SEED=0 COUNT=200  many, told by a line each hundred

A life is `ACTION_COUNT` actions. The same seed is the same life, on any machine.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from structlog.testing import capture_logs

sys.path.insert(0, str(Path(__file__).parents[1]))

from lost_power import KeptInMemory, KeptOnDisk
from sim_actions import ACTS, drawn
from sim_plants import PLANTS, planted
from simulated import Action, Simulated, live

ACTION_COUNT = 200
SMALLER_TRY_COUNT_MAX = 60


@dataclass(frozen=True)
class Failure:
    """A violation, and the fewest actions found that lead to it."""

    seed: int
    sentence: str
    actions: tuple[Action, ...]
    trace: tuple[str, ...]

    def __str__(self) -> str:
        lines = "\n".join(self.trace)
        return f"seed {self.seed}: {self.sentence}\n{len(self.actions)} actions lead to it:\n{lines}"


def live_once(
    seed: int, actions: Sequence[Action] | None = None, synchronous: str = "FULL"
) -> tuple[str, Simulated | None]:
    """('' or the sentence of the violation, what is left). An error of the engine's own is a violation, too.

    Every other life has its journal in SQLite, on a disk that loses its power at every crash.
    """
    kept = KeptOnDisk(seed, synchronous) if seed % 2 else KeptInMemory()
    actions = drawn(seed, ACTION_COUNT) if actions is None else actions
    ids = count()
    try:
        with (
            TemporaryDirectory() as directory,
            capture_logs(),
            patch("geooffer.services.erasures.secrets.token_hex", lambda size_bytes: f"{next(ids):0{2 * size_bytes}x}"),
        ):
            violation, simulated = asyncio.run(live(seed, actions, ACTS, kept, Path(directory)))
    except Exception as error:  # noqa: BLE001  (whatever the engine raises in a legal life is a finding)
        return f"{type(error).__name__}: {error}", None
    finally:
        kept.close()
    return ("" if violation is None else str(violation)), simulated


def smallest(seed: int, sentence: str) -> Failure:
    """Leave out whatever the violation does not need, halves first, single actions last."""
    actions = drawn(seed, ACTION_COUNT)
    left = SMALLER_TRY_COUNT_MAX
    size = len(actions) // 2
    while size and left:
        start = 0
        while start < len(actions) and left:
            fewer = actions[:start] + actions[start + size :]
            left -= 1
            if live_once(seed, fewer)[0] == sentence:
                actions = fewer
            else:
                start += size
        size //= 2
    simulated = live_once(seed, actions)[1]
    return Failure(seed, sentence, tuple(actions), tuple(simulated.trace if simulated else ()))


def search(seeds: Sequence[int], plant: str = "", *, make_small: bool = True) -> Failure | None:
    """The first failure among `seeds`, or None."""
    with planted(plant):
        for seed in seeds:
            sentence, simulated = live_once(seed)
            if sentence:
                trace = tuple(simulated.trace if simulated else ())
                actions = tuple(drawn(seed, ACTION_COUNT))
                return smallest(seed, sentence) if make_small else Failure(seed, sentence, actions, trace)
    return None


def main() -> int:
    """The command; exit code 1 where a life went wrong."""
    parser = argparse.ArgumentParser(description="Seeded lives of the whole engine.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--plant", choices=["", *PLANTS], default="")
    options = parser.parse_args()
    from geooffer.kernels.compile import compile_all

    compile_all()
    totals: Counter[str] = Counter()
    with planted(options.plant):
        for seed in range(options.seed, options.seed + options.count):
            sentence, simulated = live_once(seed)
            if sentence:
                print(smallest(seed, sentence))
                print(f"again: make simulate SEED={seed}" + (f" PLANT={options.plant}" if options.plant else ""))
                return 1
            assert simulated is not None
            totals += Counter(
                lives=1,
                pings=simulated.ping_count,
                offers=simulated.offer_count,
                crashes=simulated.crash_count,
                retries=simulated.requests.retry_count,
                erasures=simulated.effects.erasure_count,
            )
            if options.count == 1:
                print("\n".join(simulated.trace))
            elif totals["lives"] % 100 == 0:
                print(f"{totals['lives']} of {options.count} lives", flush=True)
    print(", ".join(f"{count:,} {name}" for name, count in totals.items()) + ": no violation")
    return 0


if __name__ == "__main__":
    sys.exit(main())
