"""`geooffer policy dry-run`: a candidate on a made-up city here, or beside the live policy on a server's pings."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geooffer.cli.ask import asked
from geooffer.cli.options import (
    CONTROL_SERVER_DEFAULT,
    Access,
    CaFile,
    JsonOutput,
    Server,
    Token,
    TokenFile,
    access_from,
)
from geooffer.cli.output import print_json, remark

if TYPE_CHECKING:
    from geooffer.model.policy_document import PolicyDocument

FEW = "fewer than 10 people"


class Live(StrEnum):
    """What to do with the trial beside the live policy."""

    START = "start"
    READ = "read"
    STOP = "stop"


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("dry-run")(dry_run_command)


def dry_run_command(
    file: Annotated[Path | None, typer.Argument(help="The candidate; not needed to read or stop a live one.")] = None,
    live: Annotated[
        Live | None,
        typer.Option("--live", help="On the server's live pings, counters only; without it on a made-up city."),
    ] = None,
    base: Annotated[
        Path | None, typer.Option("--base", help="Compare with this file instead of what the server has in force.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the made-up city.")] = 7,
    customer_count: Annotated[int, typer.Option("--people", min=10, max=20_000, help="In the made-up city.")] = 2_000,
    server: Server = CONTROL_SERVER_DEFAULT,
    token: Token = "",
    token_file: TokenFile = None,
    ca_file: CaFile = None,
    json_output: JsonOutput = False,
) -> None:
    """What a candidate would do, without doing it: offers gained and lost, people affected, verdicts that shift."""
    if live is not None:
        _tell_live(live, file, server, access_from(token, token_file, ca_file, role="privacy_officer"), json_output)
        return
    if file is None:
        raise typer.BadParameter("name the candidate's file")
    from geooffer.bench.policy_run import dry_run
    from geooffer.cli.policy import read_policy
    from geooffer.model.policy_text import parse_policy
    from geooffer.v1 import policy_service_pb2 as pb

    candidate = read_policy(file)
    if base is not None:
        held = read_policy(base)
    else:
        access, request = access_from(token, token_file, ca_file, role="privacy_officer"), pb.GetPolicyRequest()
        answer = asked(server, access, lambda control: control.call(control.policies.GetPolicy, request))
        held = parse_policy(answer.policy.text, allow_missing=True)
    found = dry_run(held, candidate, seed=seed, customer_count=customer_count)
    told: dict[str, Any] = {
        "people": customer_count,
        "offers": found.base_offer_count,
        "candidate_offers": found.candidate_offer_count,
        "gained": found.gained_count,
        "lost": found.lost_count,
        "people_affected": found.person_count,
        "tries": [[verdict.name, before, after] for verdict, before, after in found.tries],
        "pings": [[verdict.name, before, after] for verdict, before, after in found.pings],
    }
    for name, is_changed in (
        ("minimum notices (all there consented by the newest)", held.minimum_notices != candidate.minimum_notices),
        ("retention (it is swept, not decided)", _retention_of(held) != _retention_of(candidate)),
    ):
        if is_changed:
            remark(f"not tried: {name}")
    _tell(told, f"a made-up city of {customer_count:,} people (seed {seed}), a morning by each policy", json_output)


def _retention_of(document: PolicyDocument) -> list[int]:
    from geooffer.model.policy_document import SECTIONS

    return [getattr(document.numbers, name) for name in SECTIONS["retention"]]


def _tell_live(live: Live, file: Path | None, server: str, access: Access, json_output: bool) -> None:
    from geooffer.cli.policy import read_policy
    from geooffer.v1 import policy_service_pb2 as pb
    from geooffer.v1 import verdicts_pb2

    if (file is None) == (live is Live.START):
        raise typer.BadParameter("a file goes with --live start, and with it alone")
    modes = {
        Live.START: pb.DRY_RUN_MODE_START,
        Live.READ: pb.DRY_RUN_MODE_READ,
        Live.STOP: pb.DRY_RUN_MODE_STOP,
    }
    request = pb.DryRunPolicyRequest(mode=modes[live], text="" if file is None else read_policy(file).text())
    counts = asked(server, access, lambda control: control.call(control.policies.DryRunPolicy, request))

    def name(verdict: int) -> str:
        return verdicts_pb2.OfferVerdict.Name(verdict).removeprefix("OFFER_VERDICT_").replace("UNSPECIFIED", "NO_TRY")

    def known(count: int) -> int | None:
        return None if count < 0 else count

    def mean_us(nanos: int, ping_count: int) -> float:
        return round(nanos / 1_000 / ping_count, 1) if ping_count else 0.0

    told: dict[str, Any] = {
        "base_version": counts.base_version,
        "pings": counts.ping_count,
        "pings_seen": counts.seen_ping_count,
        "offers": known(counts.offer_count),
        "candidate_offers": known(counts.candidate_offer_count),
        "gained": known(counts.gained_count),
        "lost": known(counts.lost_count),
        "people_affected": known(counts.person_count),
        "shifts": [[name(shift.before), name(shift.after), shift.count] for shift in counts.shifts],
        "us_per_ping": mean_us(counts.base_nanos, counts.seen_ping_count),
        "candidate_us_per_ping": mean_us(counts.candidate_nanos, counts.ping_count),
    }
    _tell(told, f"live pings beside version {counts.base_version}, each from equal state", json_output)


def _tell(told: dict[str, Any], title: str, json_output: bool) -> None:
    if json_output:
        print_json(told)
        return
    print(title)
    for name, value in told.items():
        if isinstance(value, list):
            for row in value:
                print(
                    f"  {name}: {row[0]} {row[1]} → {row[2]}"
                    if name != "shifts"
                    else f"  {row[0]} → {row[1]}: {row[2]}"
                )
        else:
            print(f"  {name.replace('_', ' '):<22}{FEW if value is None else value}")
