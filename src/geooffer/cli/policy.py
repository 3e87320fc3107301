"""`geooffer policy …`: what holds, what a change would do, who says so; and the kill switch (docs/policy.md)."""

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

if TYPE_CHECKING:
    from geooffer.model.policy_document import PolicyDocument

PolicyFile = Annotated[Path, typer.Argument(help="A policy as TOML, such as `geooffer policy show` prints.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; a loosening needs one.")]
ROLE = "privacy_officer"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="The rules of consent and throttling: read, compare, change, stop.")
    app.add_typer(group, name="policy")
    for name, command in (
        ("show", show_command),
        ("list", list_command),
        ("check", check_command),
        ("diff", diff_command),
        ("propose", propose_command),
        ("approve", approve_command),
        ("rollback", rollback_command),
        ("kill", kill_command),
        ("sign", sign_command),
    ):
        group.command(name)(command)
    from geooffer.cli.policy_trial import register as register_trial

    register_trial(group)


def show_command(
    version: Annotated[int, typer.Option("--version", help="Which one; without it the one in force.")] = 0,
    server: Server = CONTROL_SERVER_DEFAULT,
    token: Token = "",
    token_file: TokenFile = None,
    ca_file: CaFile = None,
    json_output: JsonOutput = False,
) -> None:
    """Print a version as TOML; who, when and the kill switch go to stderr."""
    from geooffer.cli.policy_report import kill_switch_line, policy_object, version_line
    from geooffer.v1 import policy_service_pb2 as pb

    access = access_from(token, token_file, ca_file, role=ROLE)
    request = pb.GetPolicyRequest(version=version)
    answer = asked(server, access, lambda control: control.call(control.policies.GetPolicy, request))
    if json_output:
        print_json({**policy_object(answer.policy), "is_stopped": answer.kill_switch.is_stopped})
        return
    remark(version_line(answer.policy))
    remark(kill_switch_line(answer.kill_switch))
    print(answer.policy.text, end="")


def list_command(
    server: Server = CONTROL_SERVER_DEFAULT,
    token: Token = "",
    token_file: TokenFile = None,
    ca_file: CaFile = None,
    json_output: JsonOutput = False,
) -> None:
    """All versions, newest first. Exit code 1 while any waits for approval."""
    from geooffer.cli.policy_report import policy_object, version_line
    from geooffer.client.listing import list_policies
    from geooffer.v1 import policy_service_pb2 as pb

    access = access_from(token, token_file, ca_file, role=ROLE)
    policies = asked(server, access, list_policies)
    if json_output:
        print_json({"policies": [policy_object(policy) for policy in policies]})
    else:
        for policy in policies:
            print(version_line(policy))
    if any(policy.state == pb.POLICY_STATE_WAITING for policy in policies):
        raise typer.Exit(EXIT_FINDINGS)


def check_command(file: PolicyFile) -> None:
    """Read a policy file, without a server: what is wrong is named by line and field."""
    document = read_policy(file)
    print(f"{file}: a good policy: {len(document.cap_rules)} cap rules, {document.approvals_needed} approvals needed")


def diff_command(
    file: PolicyFile,
    server: Server = CONTROL_SERVER_DEFAULT,
    token: Token = "",
    token_file: TokenFile = None,
    ca_file: CaFile = None,
    json_output: JsonOutput = False,
) -> None:
    """What a file would change, field by field, as tightening or loosening. Exit code 1 where it loosens."""
    _propose(file, "", True, server, access_from(token, token_file, ca_file, role=ROLE), json_output)


def propose_command(
    file: PolicyFile,
    reason: Reason = "",
    server: Server = CONTROL_SERVER_DEFAULT,
    token: Token = "",
    token_file: TokenFile = None,
    ca_file: CaFile = None,
    json_output: JsonOutput = False,
) -> None:
    """Propose a file: a tightening is in force at once, a loosening waits for approval (exit code 1)."""
    _propose(file, reason, False, server, access_from(token, token_file, ca_file, role=ROLE), json_output)


def approve_command(
    version: Annotated[int, typer.Argument(help="The proposal's number.", show_default=False)],
    server: Server = CONTROL_SERVER_DEFAULT,
    token: Token = "",
    token_file: TokenFile = None,
    ca_file: CaFile = None,
    json_output: JsonOutput = False,
) -> None:
    """Approve a loosening that another officer proposed. Exit code 1 while approvals are missing."""
    from geooffer.cli.policy_report import policy_object, version_line
    from geooffer.v1 import policy_service_pb2 as pb

    access = access_from(token, token_file, ca_file, role=ROLE)
    request = pb.ApprovePolicyRequest(version=version)
    answer = asked(server, access, lambda control: control.call(control.policies.ApprovePolicy, request))
    _tell_version(answer.policy, answer.approvals_missing, json_output, policy_object, version_line)


def rollback_command(
    version: Annotated[int, typer.Argument(help="The version whose rules come back.", show_default=False)],
    reason: Annotated[str, typer.Option("--reason", help="Why; required.")] = "",
    server: Server = CONTROL_SERVER_DEFAULT,
    token: Token = "",
    token_file: TokenFile = None,
    ca_file: CaFile = None,
    json_output: JsonOutput = False,
) -> None:
    """Bring an earlier version back under a new number: at once where that tightens, else it waits (exit code 1)."""
    from geooffer.cli.policy_report import policy_object, version_line
    from geooffer.v1 import policy_service_pb2 as pb

    access = access_from(token, token_file, ca_file, role=ROLE)
    request = pb.RollbackPolicyRequest(version=version, reason=reason)
    answer = asked(server, access, lambda control: control.call(control.policies.RollbackPolicy, request))
    _tell_version(answer.policy, answer.approvals_needed, json_output, policy_object, version_line)


def kill_command(
    reason: Annotated[str, typer.Option("--reason", help="Why; required.")] = "",
    end: Annotated[bool, typer.Option("--end", help="Offers may be made again.")] = False,
    server: Server = CONTROL_SERVER_DEFAULT,
    token: Token = "",
    token_file: TokenFile = None,
    ca_file: CaFile = None,
    json_output: JsonOutput = False,
) -> None:
    """Stop all offers, at once; pings are taken on. With --end: go on. For officers and operators."""
    from geooffer.cli.policy_report import kill_switch_line
    from geooffer.v1 import policy_service_pb2 as pb

    access = access_from(token, token_file, ca_file, role="operator")
    request = pb.SetKillSwitchRequest(is_stopped=not end, reason=reason)
    switch = asked(server, access, lambda control: control.call(control.policies.SetKillSwitch, request)).kill_switch
    if json_output:
        print_json({"is_stopped": switch.is_stopped, "author": switch.author, "reason": switch.reason})
    else:
        print(kill_switch_line(switch))


def sign_command(
    file: PolicyFile,
    author: Annotated[str, typer.Option("--author", help="Who answers for it; required.", show_default=False)],
    reason: Reason = "",
    state_dir: StateDir = None,
    config_file: ConfigFile = None,
) -> None:
    """Sign an edited policy file with the key in the state directory, for the setting policy_file.

    It has to be made from the version in force: the number in the file says so.
    """
    from dataclasses import replace

    from geooffer.cli.settings_layers import load_settings
    from geooffer.rpc.policy_signing import policy_signer

    document = read_policy(file)
    document = replace(document, author=author, reason=reason or document.reason)
    document.validate()
    settings = load_settings(config_file, {"state_dir": state_dir})
    sealed = policy_signer(settings.state_dir, was_used=True).seal(document.text())
    file.write_text(sealed, encoding="utf-8")
    print(f"{file}: signed, made from version {document.version}; put it in place and reload the server (SIGHUP)")


def read_policy(file: Path) -> PolicyDocument:
    """A policy file, signed or not. Raises ConfigurationError, InvalidArgumentError naming line and field."""
    from geooffer.cli.small_files import read_small
    from geooffer.errors import ConfigurationError
    from geooffer.model.policy_text import parse_policy
    from geooffer.rpc.policy_signing import without_seal

    try:
        text = read_small(file).decode()
    except UnicodeDecodeError:
        raise ConfigurationError(f"{file}: is not UTF-8") from None
    return parse_policy(without_seal(text))


def _propose(file: Path, reason: str, is_trial: bool, server: str, access: Any, json_output: bool) -> None:
    from geooffer.cli.policy_report import change_lines, change_object, policy_object, version_line
    from geooffer.v1 import policy_service_pb2 as pb

    text = read_policy(file).text()  # what is wrong is told without a call
    request = pb.ProposePolicyRequest(text=text, reason=reason, validate_only=is_trial)
    answer = asked(server, access, lambda control: control.call(control.policies.ProposePolicy, request))
    if json_output:
        told = {"changes": [change_object(change) for change in answer.changes], "is_loosening": answer.is_loosening}
        policy = policy_object(answer.policy) if answer.HasField("policy") else None
        print_json({**told, "approvals_needed": answer.approvals_needed, "policy": policy})
    else:
        for line in change_lines(answer.changes):
            print(line)
        if answer.HasField("policy"):
            print(version_line(answer.policy))
        if answer.approvals_needed:
            print(f"a loosening: {answer.approvals_needed} approval(s) of other officers needed")
    if answer.is_loosening:
        raise typer.Exit(EXIT_FINDINGS)


def _tell_version(policy: Any, missing_count: int, json_output: bool, as_object: Any, as_line: Any) -> None:
    if json_output:
        print_json({**as_object(policy), "approvals_missing": missing_count})
    else:
        print(as_line(policy))
        if missing_count:
            print(f"{missing_count} approval(s) of other officers missing: geooffer policy approve {policy.version}")
    if missing_count:
        raise typer.Exit(EXIT_FINDINGS)
