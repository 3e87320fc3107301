"""What became of each call: offers after it had returned, and where its milliseconds went.

Two judges, and none may find any. `left late`: handed to the transport, as the server's own bytes show, after the
caller had its answer; also of pings from before. `answered late`: received by a gateway for a ping that it sent after
the caller had its answer, as no clock of the server is needed to know. What a gateway receives later than that and
was handed over before is `under way`: nobody calls it back.

The time to effect is that from sending the call to having its answer: from then on the caller may rely on it, and the
judges hold the service to it. It includes the durable record; `in force` is the earlier moment of the record itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from geooffer.bench import latency
from geooffer.bench.effect_calls import Trial
from geooffer.bench.effect_load import Received
from geooffer.bench.effect_watch import Watched

Moments = npt.NDArray[np.float64]
BEFORE_S = 0.5
"""An offer so shortly before a call says that there was something to end."""
SLOW_S = 0.010
RECORDS = {
    "withdraw": "ConsentTaken", "snooze": "LocationSnoozed", "restrict": "RightsRequested", "erase": "CustomerDeleted",
    "publish": "PolicyMoved", "rollback": "PolicyMoved", "kill": "PolicyStopSwitched",
}  # fmt: skip
"""By kind of call, the record by which it comes into force."""


def judge(trials: Sequence[Trial], watched: Watched, received: Received) -> dict[str, dict[str, Any]]:
    """By kind: how many trials, what came late, percentiles of the time to effect, and its parts."""
    left = np.array(watched.left_s), np.array(watched.left_keys, dtype=np.int64)
    sent_s, arrived_s = np.array(received.ping_sent_s), np.array(received.offer_received_s)
    got = sent_s, arrived_s, np.array(received.offer_keys, dtype=np.int64)
    told = {}
    for kind in dict.fromkeys(trial.kind for trial in trials):
        of_kind = [trial for trial in trials if trial.kind == kind]
        told[kind] = {
            "trials": len(of_kind),
            "offers_left_late": sum(_left_late(trial, *left) for trial in of_kind),
            "offers_answered_late": sum(_answered_late(trial, *got) for trial in of_kind),
            "offers_under_way": sum(_under_way(trial, *got) for trial in of_kind),
            "offers_meanwhile": sum(_meanwhile(trial, *left) for trial in of_kind),
            "trials_with_offers_before": sum(_had_offers(trial, *left) for trial in of_kind),
            **_percentiles("", [trial.returned_s - trial.called_s for trial in of_kind]),
            **_parts(of_kind, watched),
        }
    return told


def _left_late(trial: Trial, left_s: Moments, keys: Any) -> int:
    return _count((left_s > trial.returned_s) & (left_s < trial.until_s) & _of(trial, keys))


def _answered_late(trial: Trial, sent_s: Moments, arrived_s: Moments, keys: Any) -> int:
    """Also here before offers were let flow again: a ping waits, and what is decided of it afterwards is rightly so."""
    return _count((sent_s > trial.returned_s) & (arrived_s < trial.until_s) & _of(trial, keys))


def _under_way(trial: Trial, sent_s: Moments, arrived_s: Moments, keys: Any) -> int:
    arrived = (arrived_s > trial.returned_s) & (arrived_s < trial.until_s) & _of(trial, keys)
    return _count(arrived & (sent_s <= trial.returned_s))


def _meanwhile(trial: Trial, left_s: Moments, keys: Any) -> int:
    """Between the call and its return: as close as a race can be."""
    return _count((left_s > trial.called_s) & (left_s <= trial.returned_s) & _of(trial, keys))


def _had_offers(trial: Trial, left_s: Moments, keys: Any) -> bool:
    before = (left_s <= trial.called_s) & (left_s > trial.called_s - BEFORE_S) & _of(trial, keys)
    return bool(np.any(before))


def _of(trial: Trial, keys: Any) -> Any:
    return keys == trial.device_key if trial.device_key else True


def _count(those: Any) -> int:
    return int(np.count_nonzero(those))


def _percentiles(prefix: str, seconds: Sequence[float]) -> dict[str, int]:
    found = latency.summary(latency.histogram_of(seconds))
    return {f"{prefix}{name}": found[name] for name in ("p50_us", "p99_us", "max_us")}


def _parts(trials: Sequence[Trial], watched: Watched) -> dict[str, Any]:
    """Time until in force; and of calls that took more than SLOW_S, the mean of each part."""
    found = [parts for trial in trials if (parts := parts_of(trial, watched)) is not None]
    if not found:
        return {}
    slow = [parts for parts in found if sum(parts) > SLOW_S] or found
    names = ("until_in_force_us", "waiting_for_commit_us", "commit_us", "until_answer_us")
    means = [round(1e6 * float(value)) for value in np.mean(slow, axis=0)]
    return {
        **_percentiles("in_force_", [parts[0] for parts in found]),
        "slow_trials": sum(sum(parts) > SLOW_S for parts in found),
        "slow_mean": dict(zip(names, means, strict=True)),
    }


def parts_of(trial: Trial, watched: Watched) -> tuple[float, float, float, float] | None:
    """Seconds from sending to in force, to the beginning of its commit, to its end, to the answer at the caller.

    None where no such record came into force meanwhile, or no commit with it was durable before the answer.
    """
    name = RECORDS[trial.kind]
    for moment_s, kinds in watched.records:
        if name in kinds and trial.called_s <= moment_s <= trial.returned_s:
            break
    else:
        return None
    for started_s, ended_s in watched.commits:
        # appended between the taking of a group and its writing, it is in the next one: at most microseconds of error
        if started_s >= moment_s and ended_s <= trial.returned_s:
            return moment_s - trial.called_s, started_s - moment_s, ended_s - started_s, trial.returned_s - ended_s
    return None
