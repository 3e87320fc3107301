"""`geooffer backup`, `restore` and `verify-state`: copies of a state directory, back again, and whether it is sound."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geooffer.cli.errors import EXIT_FINDINGS
from geooffer.cli.options import ConfigFile, JsonOutput, StateDir
from geooffer.cli.output import print_json, remark
from geooffer.errors import JournalError

if TYPE_CHECKING:
    from geooffer.cli.settings import ServiceSettings


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("backup")(backup_command)
    app.command("restore")(restore_command)
    app.command("verify-state")(verify_command)


def backup_command(
    target: Annotated[Path, typer.Argument(help="Directory to write to; empty, or not there.")],
    state_dir: StateDir = None,
    config_file: ConfigFile = None,
    with_token_keys: Annotated[
        bool, typer.Option("--with-token-keys", help="Copy the development token key, too.")
    ] = False,
    json_output: JsonOutput = False,
) -> None:
    """Copy a state directory, also while its server runs. The erasure ledger is not in it (docs/backup.md)."""
    from geooffer.journal.backup import back_up
    from geooffer.journal.core_dumps import forbid_core_dumps
    from geooffer.rpc.keys import DEV_PRIVATE_NAME, DEV_PUBLIC_NAME

    forbid_core_dumps()
    names = (DEV_PRIVATE_NAME, DEV_PUBLIC_NAME) if with_token_keys else ()
    done = back_up(_directory(state_dir, config_file), target, now_ms=_now_ms(), further_names=names)
    if json_output:
        print_json({"lsn": done.position.lsn, "taken_ms": done.taken_ms, "files": len(done.files)})
    else:
        print(f"backed up to {target}: commit {done.position.lsn}, {len(done.files)} files")


def restore_command(
    source: Annotated[Path, typer.Argument(help="A directory that `geooffer backup` wrote.")],
    state_dir: StateDir = None,
    config_file: ConfigFile = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what the state directory holds.")] = False,
    expired: Annotated[bool, typer.Option("--expired", help="Take a backup that is older than 30 days.")] = False,
    without_ledger: Annotated[
        bool, typer.Option("--without-ledger", help="Go on where the erasure ledger is lost: the erased come back.")
    ] = False,
    json_output: JsonOutput = False,
) -> None:
    """Put a backup into a state directory that no server runs on; who was erased since is erased again."""
    from geooffer.journal.backup import restore
    from geooffer.journal.core_dumps import forbid_core_dumps
    from geooffer.journal.keyring import load_keyring
    from geooffer.kernels.compile import compile_all

    forbid_core_dumps()
    compile_all()
    settings = _settings(state_dir, config_file)
    directory = settings.state_dir
    done = restore(
        source,
        directory,
        now_ms=_now_ms(),
        is_forced=force,
        is_expired_allowed=expired,
        is_ledger_optional=without_ledger,
        keyring=load_keyring(settings.encryption_key_file),
    )
    if json_output:
        told = {"lsn": done.position.lsn, "persons": done.person_count, "erased_again": done.erased_count}
        print_json(told)
    else:
        print(f"restored: commit {done.position.lsn}, {done.person_count:,} persons")
        print(f"{done.erased_count:,} erased again because they were erased after the backup was taken")


def verify_command(
    state_dir: StateDir = None,
    config_file: ConfigFile = None,
    digests: Annotated[bool, typer.Option("--digests", help="Tell a digest per partition, too (slower).")] = False,
    json_output: JsonOutput = False,
) -> None:
    """Read, check and fold everything in a state directory, also while its server runs. Exit code 1: damage."""
    from geooffer.engine.clock import AHEAD_MAX_MS
    from geooffer.journal.core_dumps import forbid_core_dumps
    from geooffer.journal.keyring import load_keyring
    from geooffer.journal.verification import verify_state
    from geooffer.kernels.compile import compile_all
    from geooffer.model.units import format_time_ms

    settings = _settings(state_dir, config_file)
    keyring = load_keyring(settings.encryption_key_file)
    forbid_core_dumps()
    compile_all()
    try:
        found = verify_state(settings.state_dir, with_digests=digests or json_output, keyring=keyring)
    except JournalError as error:
        if json_output:
            print_json({"sound": False, "fault": error.message})
        else:
            remark(f"not sound: {error.message}")
        raise typer.Exit(EXIT_FINDINGS) from None
    ahead_ms = max(0, found.latest_ms - _now_ms())
    if json_output:
        print_json(
            {
                "sound": True,
                "lsn": found.position.lsn,
                "hash": found.position.hash.hex(),
                "snapshot_lsn": found.snapshot_lsn,
                "journal_records": found.record_count,
                "persons": found.person_count,
                "encrypted": keyring is not None,
                "snapshot_key_id": found.key_id,
                "ahead_ms": ahead_ms,
                "seconds": round(found.seconds, 3),
                "digests": {str(partition): text for partition, text in found.digests.items()},
            }
        )
        return
    print(f"sound: commit {found.position.lsn}, {found.person_count:,} persons")
    snapshot = f"snapshot of commit {found.snapshot_lsn}" if found.snapshot_lsn else "no snapshot yet"
    print(f"  {snapshot}; records after it: {found.record_count:,}")
    if keyring is None:
        print("  not encrypted at rest (encryption_key_file is not set)")
    else:
        under = f"the snapshot under key {found.key_id}" if found.key_id else "no snapshot is yet"
        print(f"  encrypted at rest: new commits under key {keyring.key_id}, {under}")
    if ahead_ms > AHEAD_MAX_MS:
        latest = format_time_ms(found.latest_ms)
        print(f"  its latest record is of {latest}, {ahead_ms / 1000:,.0f} s ahead of this machine's clock")
        print("  a server goes on from there and is not ready before the clock has caught up (docs/operation.md)")
    for partition, text in found.digests.items():
        print(f"  {'catalog' if partition < 0 else f'people {partition:02}'}  {text}")


def _settings(state_dir: Path | None, config_file: Path | None) -> ServiceSettings:
    """Flag, environment, file, default."""
    from geooffer.cli.settings_layers import load_settings

    return load_settings(config_file, {"state_dir": state_dir})


def _directory(state_dir: Path | None, config_file: Path | None) -> Path:
    """The state directory of the settings."""
    return _settings(state_dir, config_file).state_dir


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
