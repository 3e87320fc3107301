"""What a store's token is good for: its own stores, each named; everybody else's are not even looked up."""

from __future__ import annotations

from collections.abc import Iterable

from geooffer.errors import PermissionDeniedError
from geooffer.rpc import roles
from geooffer.rpc.auth import identity_of


def check_own_stores(context: object, store_ids: Iterable[str], field: str) -> None:
    """Raise PermissionDeniedError where a store's token does not name every one of `store_ids`, or these are none.

    The other roles may name any. The text does not tell whether a store exists.
    """
    identity = identity_of(context)
    if identity.role != roles.STORE:
        return
    named = set(store_ids)
    if not named or not named <= identity.store_ids:
        raise PermissionDeniedError("a store's token is for the stores it names, each by its id", field=field)
