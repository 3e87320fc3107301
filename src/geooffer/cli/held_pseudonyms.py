"""How a state directory calls persons: what is in it says whether its key fits (privacy M8)."""

from __future__ import annotations

from pathlib import Path

import structlog

from geooffer.engine.state import State
from geooffer.errors import ConfigurationError
from geooffer.model.pseudonyms import Domain, Pseudonyms
from geooffer.rpc.domain_keys import domain_key, domain_key_path

log = structlog.get_logger(__name__)


def held_pseudonyms(key_directory: Path, state: State) -> Pseudonyms:
    """Keyed; unkeyed where the directory is from before there were keys, for as long as it holds anybody.

    Raises ConfigurationError where the key is missing, another one, readable or none: with a wrong key everybody would
    be a stranger, and be taken down a second time.
    """
    known = next(iter(state.people.customers.items()), None)
    if known is None:
        return Pseudonyms(domain_key(key_directory, Domain.ENGINE))
    person_key, customer = known
    unkeyed = Pseudonyms()
    if unkeyed.person(customer.customer_id) == person_key:
        log.warning("pseudonyms_unkeyed")
        return unkeyed
    path = domain_key_path(key_directory, Domain.ENGINE)
    if path.exists():
        keyed = Pseudonyms(domain_key(key_directory, Domain.ENGINE))
        if keyed.person(customer.customer_id) == person_key:
            return keyed
    rule = (
        f"{path.name} is {'another one than' if path.exists() else 'missing beside'} the state was written with: "
        f"copy it back from where you keep it (docs/operation.md, Files)"
    )
    raise ConfigurationError(rule, field="pseudonym_key_dir")
