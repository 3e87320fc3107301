"""`geooffer audit …`: is the audit log whole, what does it say, and beginning anew after it was lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geooffer.cli.errors import EXIT_FINDINGS
from geooffer.cli.options import ConfigFile, JsonOutput, StateDir
from geooffer.cli.output import print_json, remark
from geooffer.errors import ConfigurationError, InvalidArgumentError, JournalError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from geooffer.audit.entries import AuditEntry
    from geooffer.cli.settings import ServiceSettings


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="The audit log: verify it, read it, begin anew where it was lost.")
    app.add_typer(group, name="audit")
    group.command("verify")(verify_command)
    group.command("show")(show_command)
    group.command("renew")(renew_command)


def verify_command(
    directory: Annotated[Path | None, typer.Argument(help="State directory; without it that of the settings.")] = None,
    state_dir: StateDir = None,
    config_file: ConfigFile = None,
    public_key: Annotated[
        Path | None, typer.Option("--public-key", help="PEM of the key that signs it; without it audit.key is needed.")
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option("--against", help="An audit.head that was copied elsewhere: the log must go on from it."),
    ] = None,
    json_output: JsonOutput = False,
) -> None:
    """Read and check every entry, also while its server runs. Exit code 1: it is not whole."""
    from geooffer.audit.verification import verify_audit
    from geooffer.journal.keyring import load_keyring

    settings = _held_settings(directory or state_dir, config_file)
    key = _verifying_key(settings, public_key)
    keyring = load_keyring(settings.encryption_key_file)
    try:
        found = verify_audit(settings.state_dir, key, keyring=keyring, against=against)
    except JournalError as error:
        if json_output:
            print_json({"whole": False, "fault": error.message})
        else:
            remark(f"not whole: {error.message}")
        raise typer.Exit(EXIT_FINDINGS) from None
    if json_output:
        print_json(
            {
                "whole": True,
                "number": found.place.number,
                "hash": found.place.hash.hex(),
                "first_number": found.head.base.number + 1,
                "lsn": found.head.position.lsn,
                "counts": dict(sorted(found.counts.items())),
                "seals": found.seal_count,
                "unsigned": found.unsigned_count,
            }
        )
        return
    _remark_of_what_follows(settings, found.head.position.lsn)
    print(f"whole: entries {found.head.base.number + 1} to {found.place.number}, hash {found.place.hash.hex()}")
    counts = ", ".join(f"{count} {kind}" for kind, count in sorted(found.counts.items()))
    print(f"  {counts or 'no entries'}; told up to commit {found.head.position.lsn} of the journal")
    if found.unsigned_count:
        print(f"  {found.unsigned_count} lines behind it are not signed: the server, or its next start, does that")
    print("  copy audit/audit.head elsewhere, and later: geooffer audit verify --against THAT_COPY")


def show_command(
    person: Annotated[str | None, typer.Option("--person", help="Customer id: of this person only.")] = None,
    kind: Annotated[
        str | None,
        typer.Option("--kind", help="decision, outcome, consent, policy, admin, rights, security or seal."),
    ] = None,
    since: Annotated[str | None, typer.Option("--since", help="Not before (RFC 3339).")] = None,
    state_dir: StateDir = None,
    config_file: ConfigFile = None,
    json_output: JsonOutput = False,
) -> None:
    """Tell entries, oldest first, decrypted as far as their keys exist. Whoever holds audit.key may."""
    from geooffer.audit.entries import KINDS
    from geooffer.audit.keys import KEY_NAME, load_audit_keys
    from geooffer.audit.log import DIRECTORY_NAME
    from geooffer.audit.reading import Reader
    from geooffer.model.units import parse_time_ms

    if kind is not None and kind not in KINDS:
        raise InvalidArgumentError(f"kind must be one of {', '.join(KINDS)}", field="kind")
    settings = _held_settings(state_dir, config_file)
    since_ms = None if since is None else parse_time_ms(since)
    keys = load_audit_keys(settings.audit_key_file or settings.state_dir / KEY_NAME)
    reader = Reader(settings.state_dir / DIRECTORY_NAME, keys)
    try:
        with _one_sound_reading():
            person_keys = None if person is None else _person_keys(settings, person)
            found = reader.entries(person_keys=person_keys, kind=kind or "", since_ms=since_ms)
            count = 0
            for entry, payload in found:
                told = _told(entry, payload)
                print_json(told) if json_output else print(_line(told))
                count += 1
    finally:
        reader.close()
    if not count:
        remark("no entry" + (": is the customer id right? (of whom nothing was told there is none)" if person else ""))
    _remark_of_what_follows(settings, reader.told_to_lsn)


def renew_command(
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    state_dir: StateDir = None,
    config_file: ConfigFile = None,
) -> None:
    """Put aside a log that is not whole, or accept that it is lost; the next start begins a new one, which says so."""
    from geooffer.audit.log import DIRECTORY_NAME
    from geooffer.audit.set_aside import path_aside
    from geooffer.cli.audit_trail import RENEWED_NAME
    from geooffer.journal.service_lock import ServiceLock
    from geooffer.journal.synced_files import sync_directory

    directory = _settings(state_dir, config_file).state_dir
    if not directory.is_dir():
        raise ConfigurationError(f"{directory}: no such directory", field="state_dir")
    if not yes:
        typer.confirm(
            "The audit log will begin anew; what is there is put aside and no longer checked. Go on?", abort=True
        )
    lock = ServiceLock(directory)
    try:
        (directory / RENEWED_NAME).touch(mode=0o600)
        aside = path_aside(directory / DIRECTORY_NAME, time.time_ns() // 1_000_000)
        if (directory / DIRECTORY_NAME).exists():
            (directory / DIRECTORY_NAME).rename(aside)
            print(f"put aside: {aside.name}")
        sync_directory(directory)
    finally:
        lock.close()
    print("the next start begins a new audit log")


@contextmanager
def _one_sound_reading() -> Iterator[None]:
    """A log whose chain does not hold ends the listing where it does not, with exit code 1."""
    try:
        yield
    except JournalError as error:
        remark(f"not whole: {error.message}")
        raise typer.Exit(EXIT_FINDINGS) from None


def _settings(state_dir: Path | None, config_file: Path | None) -> ServiceSettings:
    from geooffer.cli.settings_layers import load_settings

    return load_settings(config_file, {"state_dir": state_dir})


def _held_settings(state_dir: Path | None, config_file: Path | None) -> ServiceSettings:
    """Raises ConfigurationError where there is no audit log at all: more likely another directory was meant."""
    from geooffer.audit.log import DIRECTORY_NAME
    from geooffer.journal.tail import JOURNAL_NAME

    settings = _settings(state_dir, config_file)
    directory = settings.state_dir
    if not directory.is_dir():
        rule = f"{directory}: no such directory (--state-dir, GEOOFFER_STATE_DIR)"
        raise ConfigurationError(rule, field="state_dir")
    if not any(directory.glob(f"{DIRECTORY_NAME}*")) and not (directory / JOURNAL_NAME).exists():
        raise ConfigurationError(
            f"{directory}: holds no audit log (--state-dir, GEOOFFER_STATE_DIR)", field="state_dir"
        )
    return settings


def _remark_of_what_follows(settings: ServiceSettings, told_to_lsn: int) -> None:
    """The log follows the journal; who looks for what was done just now has to know that."""
    from geooffer.audit.derivation import drafts_of
    from geooffer.audit.follower import WRITE_INTERVAL_S
    from geooffer.journal.frames import decode_entries
    from geooffer.journal.keyring import load_keyring
    from geooffer.journal.sqlite import SqliteReader
    from geooffer.journal.tail import JOURNAL_NAME

    path = settings.state_dir / JOURNAL_NAME
    if not path.exists():
        return
    reader = SqliteReader(path, keyring=load_keyring(settings.encryption_key_file))
    try:
        commits = reader.read(told_to_lsn)
        count = sum(len(drafts_of(commit.position.lsn, decode_entries(commit.payload))) for commit in commits)
    except JournalError:  # told and cut meanwhile, or another journal was put there: `verify` says which
        return
    finally:
        reader.close()
    if count:
        interval = f"{WRITE_INTERVAL_S:.0f} s"
        remark(f"{count} entries more are in the journal; they follow within {interval}, or when the server starts")


def _verifying_key(settings: ServiceSettings, public_key: Path | None) -> Ed25519PublicKey:
    from geooffer.audit.keys import KEY_NAME, load_audit_keys
    from geooffer.rpc.keys import load_public_key

    if public_key is not None:
        return load_public_key(public_key)
    return load_audit_keys(settings.audit_key_file or settings.state_dir / KEY_NAME).signing.public_key()


def _person_keys(settings: ServiceSettings, customer_id: str) -> list[int]:
    """By which the engine may have called her: with its key where there is one, and as before there were keys."""
    from geooffer.model.pseudonyms import Domain, Pseudonyms
    from geooffer.rpc.domain_keys import domain_key, domain_key_path

    directory = settings.pseudonym_key_dir or settings.state_dir
    found = [Pseudonyms().person(customer_id)]
    if domain_key_path(directory, Domain.ENGINE).exists():
        found.append(Pseudonyms(domain_key(directory, Domain.ENGINE)).person(customer_id))
    return found


def _told(entry: AuditEntry, payload: Any) -> dict[str, Any]:
    from geooffer.model.units import format_time_ms

    told = {
        "number": entry.number,
        "time": format_time_ms(entry.time_ms),
        "kind": entry.kind,
        "role": entry.role or "service",
        "caller": entry.caller,
        "method": entry.method,
        "subject": entry.subject,
    }
    return {name: value for name, value in told.items() if value} | {"says": payload, "erased": payload is None}


def _line(told: dict[str, Any]) -> str:
    from geooffer.cli.audit_words import in_words

    says = "(erased)" if told["erased"] else in_words(told["says"])
    who = f"{told['role']} {told.get('caller', '')[:8]}".strip()
    return f"{told['number']:>8}  {told['time']}  {told['kind']:<8}  {who:<16}  {told.get('method', '')}  {says}"
