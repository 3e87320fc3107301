"""`geooffer privacy consents|was-allowed|receipt|receipt-verify`: what a customer said, what it allowed, and proof."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geooffer.cli.ask import asked
from geooffer.cli.errors import EXIT_FINDINGS
from geooffer.cli.options import (
    CONTROL_SERVER_DEFAULT,
    CaFile,
    ConfigFile,
    JsonOutput,
    Server,
    StateDir,
    Token,
    TokenFile,
    access_from,
)
from geooffer.cli.output import print_json, remark
from geooffer.cli.purpose_names import purpose_from
from geooffer.errors import ConfigurationError, InvalidArgumentError

if TYPE_CHECKING:
    from geooffer.v1.consent_service_pb2 import HeldConsent

CustomerId = Annotated[str, typer.Argument(help="The customer's id, or any id united with it.", show_default=False)]


def register_consents(group: typer.Typer) -> None:
    """Add the commands to `geooffer privacy`."""
    group.command("consents")(consents_command)
    group.command("was-allowed")(was_allowed_command)
    group.command("receipt")(receipt_command)
    group.command("receipt-verify")(receipt_verify_command)


def consents_command(
    customer_id: CustomerId,
    server: Server = CONTROL_SERVER_DEFAULT,
    token: Token = "",
    token_file: TokenFile = None,
    ca_file: CaFile = None,
    json_output: JsonOutput = False,
) -> None:
    """All consent events held of a customer, oldest first; those that hold now are marked with *."""
    from geooffer.v1 import consent_service_pb2 as pb

    access = access_from(token, token_file, ca_file, role="privacy_officer")
    request = pb.GetConsentHistoryRequest(customer_id=customer_id)
    history = asked(server, access, lambda control: control.call(control.consents.GetConsentHistory, request))
    rows = [_row(held) for held in history.events]
    limits = {
        "complete_from": _time(history, "complete_from_time"),
        "location_snoozed_until": _time(history, "location_snoozed_until_time"),
    }
    if json_output:
        print_json({"consents": rows, **limits})
        return
    for row in rows:
        print(_line(row))
    if not rows:
        print("she said nothing yet")
    if limits["complete_from"]:
        print(f"superseded events from before {limits['complete_from']} are gone: their retention was over")
    if limits["location_snoozed_until"]:
        print(f"location snoozed until {limits['location_snoozed_until']}")


def was_allowed_command(
    customer_id: CustomerId,
    purpose: Annotated[str, typer.Argument(help="PUSH_MARKETING, or any other purpose.", show_default=False)],
    time: Annotated[str, typer.Argument(help="RFC 3339, as 2026-03-02T09:00:00Z.", show_default=False)],
    server: Server = CONTROL_SERVER_DEFAULT,
    token: Token = "",
    token_file: TokenFile = None,
    ca_file: CaFile = None,
    json_output: JsonOutput = False,
) -> None:
    """Whether a purpose was consented to at a moment. Exit code 1 where it was not, or nobody knows any more."""
    from geooffer.model.units import parse_time_ms
    from geooffer.rpc.checks import timestamp
    from geooffer.v1 import consent_service_pb2 as pb

    access = access_from(token, token_file, ca_file, role="privacy_officer")
    request = pb.GetAllowanceRequest(
        customer_id=customer_id,
        purpose=purpose_from(purpose),  # type: ignore[arg-type]
        at_time=timestamp(parse_time_ms(time)),
    )
    told = asked(server, access, lambda control: control.call(control.consents.GetAllowance, request))
    row = _row(told.event) if told.HasField("event") else None
    if json_output:
        answer = {"allowed": told.allowed, "was_known": told.was_known, "is_complete": told.is_complete}
        print_json({**answer, "event": row})
    elif not told.is_complete:
        print("not known: events of that time are gone, their retention was over")
    else:
        print("yes" if told.allowed else "no")
        if told.allowed != told.was_known:
            print("  but not by what was known then: an event came in later")
        print(f"  {_line(row)}" if row else "  she had said nothing")
    if not told.allowed:
        raise typer.Exit(EXIT_FINDINGS)


def receipt_command(
    customer_id: CustomerId,
    event_id: Annotated[str, typer.Argument(help="As `privacy consents` tells it.", show_default=False)],
    out: Annotated[Path | None, typer.Option("--out", help="File to write; without it stdout.")] = None,
    server: Server = CONTROL_SERVER_DEFAULT,
    token: Token = "",
    token_file: TokenFile = None,
    ca_file: CaFile = None,
) -> None:
    """A signed receipt of one consent event, as JSON."""
    from geooffer.cli.small_files import new_private_file
    from geooffer.v1 import consent_service_pb2 as pb

    access = access_from(token, token_file, ca_file, role="privacy_officer")
    request = pb.GetConsentReceiptRequest(customer_id=customer_id, event_id=event_id)
    with new_private_file(out) as file:
        answer = asked(server, access, lambda control: control.call(control.consents.GetConsentReceipt, request))
        print(answer.receipt_json, file=file)
    if out is not None:
        remark(f"{out}: written")


def receipt_verify_command(
    file: Annotated[Path, typer.Argument(help="A receipt.", show_default=False)],
    public_key: Annotated[
        Path | None,
        typer.Option("--public-key", help="PEM file; by default consent-receipts.pub of the state directory."),
    ] = None,
    state_dir: StateDir = None,
    config_file: ConfigFile = None,
    json_output: JsonOutput = False,
) -> None:
    """Check a receipt against the service's public key; no server needed. Exit code 1 where it is not genuine."""
    from geooffer.cli.settings_layers import load_settings
    from geooffer.cli.small_files import read_small
    from geooffer.rpc import receipts
    from geooffer.rpc.keys import load_public_key

    path = public_key or load_settings(config_file, {"state_dir": state_dir}).state_dir / receipts.PUBLIC_KEY_NAME
    if not path.exists():
        raise ConfigurationError(f"{path}: no public key to check by; name the service's with --public-key")
    document = read_small(file).decode("utf-8", "replace")
    try:
        receipt = receipts.verified(document, load_public_key(path))
    except InvalidArgumentError as error:
        if json_output:
            print_json({"genuine": False, "reason": error.message})
        else:
            print(f"NOT GENUINE: {error.message}")
        raise typer.Exit(EXIT_FINDINGS) from None
    if json_output:
        print_json({"genuine": True, "receipt": receipt})
        return
    print(f"genuine, issued {receipt['issued_time']}")
    for name, value in receipt.items():
        if name not in ("format", "issued_time") and value not in ("", []):
            print(f"  {name:<20}{', '.join(value) if isinstance(value, list) else value}")


def _row(held: HeldConsent) -> dict[str, Any]:
    from geooffer.model.consent import ConsentMethod
    from geooffer.model.verdicts import Purpose

    event = held.event
    return {
        "event_id": held.event_id,
        "time": _time(event, "event_time"),
        "recorded_time": _time(held, "record_time"),
        "granted": event.granted,
        "purposes": [Purpose(number - 1).name for number in event.purposes],
        "is_latest_of": [Purpose(number - 1).name for number in held.latest_of_purposes],
        "valid_until": _time(event, "valid_until_time"),
        "method": ConsentMethod(event.method).name,
        "notice_version": event.notice_version,
        "language": event.language_code,
        "notice_sha256": event.notice_hash.hex(),
    }


def _line(row: dict[str, Any]) -> str:
    marked = [f"{name}*" if name in row["is_latest_of"] else name for name in row["purposes"]]
    end = f" until {row['valid_until']}" if row["valid_until"] else ""
    by = f" by notice {row['notice_version']} {row['language']}".rstrip() if row["notice_version"] else ""
    said = "gave" if row["granted"] else "withdrew"
    how = "" if row["method"] == "UNSPECIFIED" else f" ({row['method']})"
    return f"{row['time']}  {said:<9}{' '.join(marked)}{end}{by}{how}  {row['event_id']}"


def _time(message: Any, field: str) -> str:
    """'' where it is not set."""
    from geooffer.model.units import format_time_ms

    return format_time_ms(getattr(message, field).ToMilliseconds()) if message.HasField(field) else ""
