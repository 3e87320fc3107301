"""`geooffer privacy withdraw, restrict, lift, object, record, extend, refuse, requests`: rights in use."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geooffer.cli.ask import asked
from geooffer.cli.errors import EXIT_FINDINGS
from geooffer.cli.options import CONTROL_SERVER_DEFAULT, CaFile, JsonOutput, Server, Token, TokenFile, access_from
from geooffer.cli.output import print_json
from geooffer.cli.purpose_names import purpose_from

if TYPE_CHECKING:
    from google.protobuf.timestamp_pb2 import Timestamp

CustomerId = Annotated[str, typer.Argument(help="The customer's id, or any id united with it.", show_default=False)]
RequestId = Annotated[str, typer.Argument(help="The request, as `requests` names it.", show_default=False)]
Reason = Annotated[str, typer.Option("--reason", help="Why; it is recorded (≤ 200 characters).")]


class Kind(StrEnum):
    """What she asks for."""

    EXPORT = "export"
    ERASE = "erase"
    RESTRICT = "restrict"
    OBJECT = "object"


class Ground(StrEnum):
    """Art. 18(1) a to d."""

    ACCURACY_CONTESTED = "accuracy-contested"
    PROCESSING_UNLAWFUL = "processing-unlawful"
    LEGAL_CLAIMS = "legal-claims"
    OBJECTION_PENDING = "objection-pending"


def register_rights(group: typer.Typer) -> None:
    """Add the commands to `privacy`."""
    group.command("withdraw")(withdraw_command)
    group.command("restrict")(restrict_command)
    group.command("lift")(lift_command)
    group.command("object")(object_command)
    group.command("record")(record_command)
    group.command("extend")(extend_command)
    group.command("refuse")(refuse_command)
    group.command("requests")(requests_command)


def withdraw_command(
    customer_id: CustomerId,
    purposes: Annotated[list[str], typer.Option("--purpose", help="As push_marketing; may be repeated.")],
    server: Server = CONTROL_SERVER_DEFAULT,
    token: Token = "",
    token_file: TokenFile = None,
    ca_file: CaFile = None,
    json_output: JsonOutput = False,
) -> None:
    """Take back consent for a customer who said so; effective when this returns."""
    from geooffer.v1 import consent_service_pb2 as pb

    access = access_from(token, token_file, ca_file, role="privacy_officer")
    request = pb.WithdrawConsentRequest(
        customer_id=customer_id,
        purposes=[purpose_from(name) for name in purposes],  # type: ignore[misc]
    )
    answer = asked(server, access, lambda control: control.call(control.consents.WithdrawConsent, request))
    rows = {_purpose_name(held.purpose): held.granted for held in answer.consents}
    if json_output:
        print_json({"consents": rows})
        return
    for name, granted in rows.items():
        print(f"{name:<30}{'given' if granted else 'not given'}")


def restrict_command(
    customer_id: CustomerId,
    ground: Annotated[Ground, typer.Option("--ground", help="Which ground of Art. 18(1).")],
    reason: Reason,
    server: Server = CONTROL_SERVER_DEFAULT,
    token: Token = "",
    token_file: TokenFile = None,
    ca_file: CaFile = None,
    json_output: JsonOutput = False,
) -> None:
    """Keep what is held of a customer and use it no more, until that is lifted."""
    from geooffer.v1 import rights_pb2 as pb

    access = access_from(token, token_file, ca_file, role="privacy_officer")
    request = pb.RestrictSubjectRequest(
        customer_id=customer_id,
        ground=f"RESTRICTION_GROUND_{ground.name}",
        reason=reason,
    )
    answer = asked(server, access, lambda control: control.call(control.privacy.RestrictSubject, request))
    _tell(answer.requests, json_output)


def lift_command(
    customer_id: CustomerId,
    informed: Annotated[str, typer.Option("--informed", help="When she was told of it (RFC 3339).")],
    reason: Reason,
    server: Server = CONTROL_SERVER_DEFAULT,
    token: Token = "",
    token_file: TokenFile = None,
    ca_file: CaFile = None,
    json_output: JsonOutput = False,
) -> None:
    """Use what is held of a customer again, as far as she consents."""
    from geooffer.v1 import rights_pb2 as pb

    access = access_from(token, token_file, ca_file, role="privacy_officer")
    request = pb.LiftRestrictionRequest(customer_id=customer_id, inform_time=_moment(informed), reason=reason)
    answer = asked(server, access, lambda control: control.call(control.privacy.LiftRestriction, request))
    _tell(answer.requests, json_output)


def object_command(
    customer_id: CustomerId,
    reason: Reason,
    purposes: Annotated[
        list[str] | None,
        typer.Option("--purpose", help="What she objects to, as push_marketing; may be repeated."),
    ] = None,
    direct_marketing: Annotated[
        bool, typer.Option("--direct-marketing", help="All that serves direct marketing, profiling included.")
    ] = False,
    server: Server = CONTROL_SERVER_DEFAULT,
    token: Token = "",
    token_file: TokenFile = None,
    ca_file: CaFile = None,
    json_output: JsonOutput = False,
) -> None:
    """Stop purposes for good: until she consents anew."""
    from geooffer.v1 import rights_pb2 as pb

    access = access_from(token, token_file, ca_file, role="privacy_officer")
    request = pb.ObjectSubjectRequest(
        customer_id=customer_id,
        purposes=[purpose_from(name) for name in purposes or ()],  # type: ignore[misc]
        is_direct_marketing=direct_marketing,
        reason=reason,
    )
    answer = asked(server, access, lambda control: control.call(control.privacy.ObjectSubject, request))
    _tell(answer.requests, json_output)


def record_command(
    kind: Annotated[Kind, typer.Argument(help="What she asks for.", show_default=False)],
    customer_id: CustomerId,
    reason: Reason,
    received: Annotated[str, typer.Option("--received", help="When it came (RFC 3339); without it now.")] = "",
    server: Server = CONTROL_SERVER_DEFAULT,
    token: Token = "",
    token_file: TokenFile = None,
    ca_file: CaFile = None,
    json_output: JsonOutput = False,
) -> None:
    """Take down a request that came by letter or phone; the action answers it."""
    from geooffer.v1 import rights_pb2 as pb

    access = access_from(token, token_file, ca_file, role="privacy_officer")
    request = pb.RecordRequestRequest(
        customer_id=customer_id,
        kind=f"RIGHTS_KIND_{kind.name}",
        receive_time=_moment(received) if received else None,
        reason=reason,
    )
    answer = asked(server, access, lambda control: control.call(control.privacy.RecordRequest, request))
    _tell([answer.request], json_output)


def extend_command(
    request_id: RequestId,
    reason: Reason,
    server: Server = CONTROL_SERVER_DEFAULT,
    token: Token = "",
    token_file: TokenFile = None,
    ca_file: CaFile = None,
    json_output: JsonOutput = False,
) -> None:
    """Two months more to answer a request, once; she is to be told why."""
    from geooffer.v1 import rights_pb2 as pb

    access = access_from(token, token_file, ca_file, role="privacy_officer")
    request = pb.ExtendRequestRequest(rights_request_id=request_id, reason=reason)
    answer = asked(server, access, lambda control: control.call(control.privacy.ExtendRequest, request))
    _tell([answer.request], json_output)


def refuse_command(
    request_id: RequestId,
    reason: Reason,
    server: Server = CONTROL_SERVER_DEFAULT,
    token: Token = "",
    token_file: TokenFile = None,
    ca_file: CaFile = None,
    json_output: JsonOutput = False,
) -> None:
    """Take no action on a request; she is to be told why."""
    from geooffer.v1 import rights_pb2 as pb

    access = access_from(token, token_file, ca_file, role="privacy_officer")
    request = pb.RefuseRequestRequest(rights_request_id=request_id, reason=reason)
    answer = asked(server, access, lambda control: control.call(control.privacy.RefuseRequest, request))
    _tell([answer.request], json_output)


def requests_command(
    due: Annotated[bool, typer.Option("--due", help="Only what is not answered yet.")] = False,
    customer_id: Annotated[str, typer.Option("--customer", help="Only this customer's.")] = "",
    server: Server = CONTROL_SERVER_DEFAULT,
    token: Token = "",
    token_file: TokenFile = None,
    ca_file: CaFile = None,
    json_output: JsonOutput = False,
) -> None:
    """All requests, what is due first. Exit code 1 where an answer is late."""
    from geooffer.client.listing import list_requests

    access = access_from(token, token_file, ca_file, role="privacy_officer")

    async def listed(control: Any) -> Any:
        return await list_requests(control, customer_id=customer_id, only_open=due)

    rows = asked(server, access, listed)
    _tell(rows, json_output)
    if not rows and not json_output:
        print("no open request" if due else "no request")
    if any(row.is_overdue for row in rows):
        raise typer.Exit(EXIT_FINDINGS)


def _tell(requests: Iterable[Any], json_output: bool) -> None:
    rows = [_object(request) for request in requests]
    if json_output:
        print_json({"requests": rows})
        return
    for row in rows:
        print(
            f"{row['state']:<9}{row['kind']:<9}{row['rights_request_id']}  {row['customer_id'] or '-':<12}"
            f"  received {row['receive_time']}  {_end_of(row)}"
        )


def _end_of(row: dict[str, Any]) -> str:
    if row["state"] == "open":
        extended = f" (extended: {row['extension_reason']})" if row["extend_time"] else ""
        return f"due {row['due_time']}{' OVERDUE' if row['is_overdue'] else ''}{extended}"
    told = f"{row['state']} {row['close_time']}"
    if row["is_in_force"]:
        return f"{told}, in force ({row['ground']})" if row["ground"] else f"{told}, in force"
    if row["lift_time"]:
        return f"{told}, lifted {row['lift_time']}, she was told {row['inform_time']}"
    if row["purposes"]:
        return f"{told}: {' '.join(row['purposes'])}"
    return f"{told}: {row['answer']}" if row["answer"] else told


def _object(request: Any) -> dict[str, Any]:
    from geooffer.model.units import format_time_ms
    from geooffer.v1 import rights_pb2 as pb

    def time_of(field: str) -> str:
        return format_time_ms(getattr(request, field).ToMilliseconds()) if request.HasField(field) else ""

    ground = pb.RestrictionGround.Name(request.ground) if request.ground else ""
    return {
        "rights_request_id": request.rights_request_id,
        "kind": _short(pb.RightsKind.Name(request.kind), "RIGHTS_KIND_"),
        "state": _short(pb.RightsState.Name(request.state), "RIGHTS_STATE_"),
        "customer_id": request.customer_id,
        "receive_time": time_of("receive_time"),
        "due_time": time_of("due_time"),
        "is_overdue": request.is_overdue,
        "close_time": time_of("close_time"),
        "reason": request.reason,
        "answer": request.answer,
        "extend_time": time_of("extend_time"),
        "extension_reason": request.extension_reason,
        "ground": _short(ground, "RESTRICTION_GROUND_").replace("_", "-"),
        "is_in_force": request.is_in_force,
        "lift_time": time_of("lift_time"),
        "inform_time": time_of("inform_time"),
        "lift_reason": request.lift_reason,
        "purposes": [_purpose_name(purpose) for purpose in request.purposes],
    }


def _short(name: str, prefix: str) -> str:
    return name.removeprefix(prefix).lower()


def _purpose_name(value: Any) -> str:
    from geooffer.v1 import verdicts_pb2

    return _short(verdicts_pb2.Purpose.Name(value), "PURPOSE_")


def _moment(text: str) -> Timestamp:
    from geooffer.model.units import parse_time_ms
    from geooffer.rpc.checks import timestamp

    return timestamp(parse_time_ms(text))
