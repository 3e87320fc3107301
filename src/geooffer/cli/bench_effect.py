"""`geooffer bench effect`: how long it takes until a withdrawal, an erasure, a stricter policy is in force at full
load, and that no offer leaves after the call has returned.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geooffer.cli.bench_report import origin, print_origin, tell
from geooffer.cli.options import JsonOutput
from geooffer.cli.output import remark

if TYPE_CHECKING:
    from geooffer.bench.effect import EffectPlan
    from geooffer.bench.effect_calls import EffectTokens
    from geooffer.bench.effect_watch import Watch
    from geooffer.cli.assembly import RunningService

TOKEN_LIFETIME_S = 3_600.0


@dataclass(frozen=True, slots=True)
class Raced:
    """A whole server with its witness."""

    service: RunningService
    tokens: EffectTokens
    watch: Watch


def register(group: typer.Typer) -> None:
    """Add the command."""

    @group.command("effect")
    def effect(
        streams: Annotated[int, typer.Option(min=1, max=64, help="Gateway streams, a connection each.")] = 8,
        persons: Annotated[int, typer.Option(min=4, max=1_024, help="Of each stream.")] = 64,
        window: Annotated[int, typer.Option(min=1, max=16, help="Messages in flight a stream.")] = 1,
        share: Annotated[float, typer.Option(min=0.01, max=1.0, help="Of the peak; 1: as much as it bears.")] = 1.0,
        trials: Annotated[int, typer.Option(min=1, help="Withdrawals, snoozes, restrictions, erasures: each.")] = 32,
        switches: Annotated[int, typer.Option(min=1, max=200, help="Publications, rollbacks, stops: each.")] = 32,
        plane: Annotated[str, typer.Option("--plane", help="The data plane: python or native.")] = "python",
        check: Annotated[bool, typer.Option("--check", help="Exit 1 where p99 > 10 ms, too.")] = False,
        json_output: JsonOutput = False,
    ) -> None:
        """Race calls that end offers against offers. Exit 1 where an offer was too late."""
        from geooffer.bench.effect import EffectPlan, measure
        from geooffer.bench.effect_calls import PERSON_KINDS, RacePlan
        from geooffer.bench.effect_load import ACTIVE_EVERY

        if trials * len(PERSON_KINDS) * ACTIVE_EVERY > streams * persons:
            least = trials * len(PERSON_KINDS) * ACTIVE_EVERY
            raise typer.BadParameter(f"{trials} trials of each kind take {least} persons: streams × persons")
        if plane not in ("python", "native"):
            raise typer.BadParameter("--plane is python or native")
        with tempfile.TemporaryDirectory(prefix="geooffer-bench-") as directory:
            plan = EffectPlan(
                Path(directory), plane=plane, stream_count=streams, row_count=persons, window_count=window, share=share,
                races=RacePlan(person_trial_count=trials, policy_trial_count=switches),
            )  # fmt: skip
            report = measure(plan, serve, remark)
        tell(report | {"shape": "effect"} | origin(), _print, json_output)
        if report["offers_late"] or (check and not report["passed"]):
            raise typer.Exit(1)


def serve(pipe: Connection, plan: EffectPlan) -> None:
    """The server process's main (bench/effect.py: Serve)."""
    from geooffer.bench.processes import run_server

    run_server(pipe, plan.core, lambda: _serve(pipe, plan))


async def _serve(pipe: Connection, plan: EffectPlan) -> None:
    from geooffer.bench.effect import ReadyEffectServer
    from geooffer.bench.processes import answer_until_closed
    from geooffer.cli.collector import calm_collector
    from geooffer.cli.log import log_to_stderr

    log_to_stderr("error")  # a policy that moves is a warning
    async with raced_service(plan) as raced:
        calm_collector()
        where = (raced.service.data_address, raced.service.control_address)
        pipe.send(ReadyEffectServer(where[0], [], os.getpid(), where[1], raced.tokens))
        await answer_until_closed(pipe, lambda: raced.watch.seen)


@asynccontextmanager
async def raced_service(plan: EffectPlan) -> AsyncIterator[Raced]:
    """A server as `serve` starts it, without quotas, full of people, and watched where its offers leave."""
    from geooffer.bench import direct_world
    from geooffer.bench.effect_watch import Watch
    from geooffer.bench.processes import watch_pauses
    from geooffer.cli.assembly import loopback_settings, running_service

    settings = loopback_settings(clock="system", state_dir=plan.state_dir, journal="sqlite", plane=plan.plane)
    async with running_service(settings) as service:
        direct_world.fill(service.engine, plan.person_count, time.time_ns() // 1_000_000, intent_every=1)
        await service.control.durable()
        watch = Watch()
        parts = service.watched.parts
        assert parts is not None
        assert parts.committer is not None
        journal: Any = parts.committer
        plane: Any = parts.plane
        if plan.plane == "native":
            plane.commits.on_left = watch.left(plane.now_ns)
        else:
            plane.gatherer.encode = watch.encode(plane.gatherer.encode)
        journal.append = watch.append(journal.append)
        journal.on_commit = watch.commit(journal.on_commit)
        watching = asyncio.create_task(watch_pauses(watch.seen.pauses_s))
        yield Raced(service, _tokens(service, plan), watch)
        watching.cancel()


def _tokens(service: RunningService, plan: EffectPlan) -> EffectTokens:
    from geooffer.bench.effect_calls import EffectTokens, persons_of
    from geooffer.rpc.auth import issue_token

    key = service.callers.private_key
    assert key is not None

    def issue(role: str, subject: str, **more: Any) -> str:
        return issue_token(key, role=role, subject=subject, now_s=time.time(), lifetime_s=TOKEN_LIFETIME_S, **more)

    own = [person for kind in ("withdraw", "snooze") for person in persons_of(kind, plan.races.person_trial_count)]
    return EffectTokens(
        gateway=issue("gateway", "bench", device_key_ranges=[(1, plan.person_count)]),
        officer=issue("privacy_officer", "anna"),
        second_officer=issue("privacy_officer", "bert"),
        devices={device_key: issue("device", str(device_key)) for device_key in own},
    )


def _print(report: dict[str, Any]) -> None:
    print(
        f"effect · {report['plane']} plane; {report['persons']:,} persons on {report['streams']} streams;"
        f" peak {report['peak_pings_per_s']:,} pings/s, raced at {report['pings_per_s']:,} ({report['load_share']:.0%})"
        f" with {report['offers_per_s']:,} offers/s; server {report['server_cpu_share']:.0%} of its core"
    )
    print(f"  {'call → effect, µs':<18} {'trials':>6} {'late':>9} {'p50':>8} {'p99':>8} {'max':>8}   in force p50, p99")
    for kind, found in report["calls"].items():
        late = f"{found['offers_left_late']}, {found['offers_answered_late']}"
        figures = " ".join(f"{found[name]:>8,}" for name in ("p50_us", "p99_us", "max_us"))
        force = f"{found['in_force_p50_us']:,}, {found['in_force_p99_us']:,}" if "slow_mean" in found else "–"
        print(f"  {kind:<18} {found['trials']:>6} {late:>9} {figures}   {force}")
        if found.get("slow_trials"):
            parts = found["slow_mean"].items()
            print("  " + f"  {found['slow_trials']} over 10 ms: " + ", ".join(f"{k[:-3]} {v:,}" for k, v in parts))
    rows = {
        "commits": "journal's commits",
        "disk": "fdatasync, alone",
        "pauses": "loop comes later",
        "caller_pauses": "  the caller's",
    }
    for name, what in rows.items():
        figures = " ".join(f"{report[name][key]:>8,}" for key in ("p50_us", "p99_us", "max_us"))
        print(f"  {what:<18} {'':>6} {'':>9} {figures}")
    meanwhile = sum(found["offers_meanwhile"] for found in report["calls"].values())
    print(
        f"  {report['offers']:,} offers left, {meanwhile:,} of those concerned between call and return;"
        f" {report['offers_held_back']:,} held back at the gate"
    )
    print("  passed" if report["passed"] else "  NOT PASSED (goal: none late, each p99 ≤ 10 ms)")
    print_origin(report)
