"""The policy edited as a file: taken at a start, where it has to be good, and at every reload."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from geooffer.cli.small_files import read_small
from geooffer.errors import ConfigurationError, InvalidArgumentError

if TYPE_CHECKING:
    from geooffer.services.policies import FileOutcome, Policies


def start_policies(policies: Policies, path: Path | None) -> None:
    """Check the policy in force, publish the first one, take the file.

    Raises ConfigurationError where the policy in force or the file is not signed, changed since, or does not read: the
    start fails closed. A file that is older than what is in force is refused and logged; what is in force is newer.
    """
    policies.start()
    if path is None:
        return
    sealed = _text_of(path)
    try:
        policies.check_file(sealed)
    except InvalidArgumentError as error:
        raise ConfigurationError(f"{path}: {error.message}", field="policy_file") from None
    policies.take_file(sealed)


def take_policy_file(policies: Policies, path: Path) -> FileOutcome:
    """While serving: what cannot be read or trusted leaves the policy in force, and an alarm."""
    try:
        sealed = _text_of(path)
    except ConfigurationError as error:
        policies.refuse_file(error)
        return "refused"
    return policies.take_file(sealed)


def _text_of(path: Path) -> str:
    try:
        return read_small(path).decode()
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: is not UTF-8", field="policy_file") from None
