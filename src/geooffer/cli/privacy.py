"""`geooffer privacy …`: all that is held of a customer, her erasure, and how far erasures have come; and its groups."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geooffer.cli import privacy_zones
from geooffer.cli.ask import asked
from geooffer.cli.errors import EXIT_FINDINGS
from geooffer.cli.options import CONTROL_SERVER_DEFAULT, CaFile, JsonOutput, Server, Token, TokenFile, access_from
from geooffer.cli.output import print_json, remark
from geooffer.cli.privacy_consents import register_consents
from geooffer.cli.rights import register_rights
from geooffer.cli.small_files import new_private_file

if TYPE_CHECKING:
    from geooffer.client import GeoofferControl

CustomerId = Annotated[str, typer.Argument(help="The customer's id, or any id united with it.", show_default=False)]
POLL_S, POLL_MAX_S = 0.5, 5.0
"""How often `--wait` asks, at first and later: each asking is an entry of the audit log."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(
        no_args_is_help=True,
        help="Consent and rights of a customer, erasures, exclusion zones, the record of processing.",
    )
    app.add_typer(group, name="privacy")
    group.command("export")(export_command)
    register_consents(group)
    register_rights(group)
    group.command("erase")(erase_command)
    group.command("erasures")(erasures_command)
    group.command("datamap")(datamap_command)
    privacy_zones.register(group)


def export_command(
    customer_id: CustomerId,
    reason: Annotated[str, typer.Option("--reason", help="Why it is exported; it is recorded (≤ 200 characters).")],
    out: Annotated[
        Path | None, typer.Option("--out", help="File to write, for its owner's eyes only; without it stdout.")
    ] = None,
    server: Server = CONTROL_SERVER_DEFAULT,
    token: Token = "",
    token_file: TokenFile = None,
    ca_file: CaFile = None,
) -> None:
    """Everything held of a customer, as JSON."""
    from geooffer.v1 import privacy_service_pb2 as pb

    access = access_from(token, token_file, ca_file, role="privacy_officer")
    request = pb.ExportSubjectRequest(customer_id=customer_id, reason=reason)
    with new_private_file(out) as file:  # before the call: it is recorded, and answers her request
        answer = asked(server, access, lambda control: control.call(control.privacy.ExportSubject, request))
        print(answer.document_json, file=file)
    if out is None:
        return
    rows = {name: len(value) for name, value in json.loads(answer.document_json).items() if isinstance(value, list)}
    remark(f"{out}: " + ", ".join(f"{count} {name}" for name, count in rows.items() if count))


def erase_command(
    customer_id: CustomerId,
    yes: Annotated[bool, typer.Option("--yes", help="Erase without asking: it cannot be undone.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Return only when no file holds anything of her.")] = False,
    server: Server = CONTROL_SERVER_DEFAULT,
    token: Token = "",
    token_file: TokenFile = None,
    ca_file: CaFile = None,
    json_output: JsonOutput = False,
) -> None:
    """Erase a customer, with all her ids, for good."""
    from geooffer.v1 import privacy_service_pb2 as pb

    if not yes:
        typer.confirm("Everything held of this customer will be erased and cannot be brought back. Go on?", abort=True)
    access = access_from(token, token_file, ca_file, role="privacy_officer")

    async def erase(control: GeoofferControl) -> Any:
        request = pb.EraseSubjectRequest(customer_id=customer_id)
        erasure = (await control.call(control.privacy.EraseSubject, request)).erasure
        pause_s = POLL_S
        while wait and erasure.state != pb.ERASURE_STATE_DONE:
            if pause_s == POLL_S:
                remark(f"erased, as {erasure.erasure_id}; waiting for the files, which goes on without this command")
            await asyncio.sleep(pause_s)
            pause_s = min(1.5 * pause_s, POLL_MAX_S)
            further = pb.GetErasureRequest(erasure_id=erasure.erasure_id)
            erasure = (await control.call(control.privacy.GetErasure, further)).erasure
        return erasure

    _tell([_erasure_object(asked(server, access, erase))], json_output)


def erasures_command(
    server: Server = CONTROL_SERVER_DEFAULT,
    token: Token = "",
    token_file: TokenFile = None,
    ca_file: CaFile = None,
    json_output: JsonOutput = False,
) -> None:
    """All erasures and how far they have come, newest first. Exit code 1 while any is pending."""
    from geooffer.client.listing import list_erasures

    access = access_from(token, token_file, ca_file, role="privacy_officer")
    rows = [_erasure_object(item) for item in asked(server, access, list_erasures)]
    _tell(rows, json_output)
    if not rows and not json_output:
        print("nobody was erased")
    if any(row["state"] == "pending" for row in rows):
        raise typer.Exit(EXIT_FINDINGS)


def datamap_command(
    server: Annotated[
        str, typer.Option("--server", help="Ask this control port (host:port) what its policy says of retention.")
    ] = "",
    token: Token = "",
    token_file: TokenFile = None,
    ca_file: CaFile = None,
    json_output: JsonOutput = False,
) -> None:
    """The record of processing activities (Art. 30): what is held, why, where, how long, for whom."""
    from geooffer.operation.datamap import data_map, data_map_text

    policy = None
    if server:
        from geooffer.model.policy_text import parse_policy
        from geooffer.v1 import policy_service_pb2 as pb

        access = access_from(token, token_file, ca_file, role="privacy_officer")
        answer = asked(server, access, lambda control: control.call(control.policies.GetPolicy, pb.GetPolicyRequest()))
        policy = parse_policy(answer.policy.text).numbers
    if json_output:
        print_json(data_map(policy))
    else:
        print(data_map_text(policy))


def _tell(rows: list[dict[str, Any]], json_output: bool) -> None:
    if json_output:
        print_json({"erasures": rows})
        return
    for row in rows:
        touched = ", ".join(f"{count} {table}" for table, count in row["touched"].items() if count)
        end = f"done {row['done_time']}, snapshot {row['snapshot_lsn']}" if row["done_time"] else "files pending"
        print(f"{row['state']:<8}{row['erasure_id']}  asked {row['request_time']}, {end}  ({touched or 'nothing'})")


def _erasure_object(erasure: Any) -> dict[str, Any]:
    from geooffer.model.units import format_time_ms
    from geooffer.v1 import privacy_service_pb2 as pb

    def time_of(field: str) -> str:
        return format_time_ms(getattr(erasure, field).ToMilliseconds()) if erasure.HasField(field) else ""

    return {
        "erasure_id": erasure.erasure_id,
        "state": "done" if erasure.state == pb.ERASURE_STATE_DONE else "pending",
        "request_time": time_of("request_time"),
        "erase_time": time_of("erase_time"),
        "done_time": time_of("done_time"),
        "lsn": erasure.lsn,
        "snapshot_lsn": erasure.snapshot_lsn,
        "touched": {row.table: row.row_count for row in erasure.touched},
    }
