"""G3: every method of every service, on both ports, by every role and by nobody; docs/security.md has the table."""

from __future__ import annotations

import re
from pathlib import Path

import grpc
import pytest
from every_method import METHODS, OURS, is_on, outcome

from geooffer.cli.assembly import RunningService
from geooffer.rpc import roles

DENIED = "this role may not call this method"
NO_TOKEN = "a valid token is required"
PAGE = Path(__file__).parents[2] / "docs" / "security.md"


def metadata(service: RunningService, role: str) -> tuple[tuple[str, str], ...]:
    token = service.issue_token(
        role, device_key=7 if role == roles.DEVICE else None, store_ids=["bhf"] if role == roles.STORE else ()
    )
    return (("authorization", f"Bearer {token}"),)


def test_every_method_has_a_row_and_every_row_a_method() -> None:
    assert {method.path for method in METHODS} == set(roles.METHODS)
    assert len(METHODS) == len({method.path for method in METHODS})
    assert all(roles.METHODS[method.path] <= set(roles.ROLES) for method in METHODS)
    assert len(OURS) > 80


@pytest.mark.parametrize("port", ["data", "control"])
async def test_every_cell(service: RunningService, port: str) -> None:
    """Allowed cells get past the gate, denied ones do not; a method of the other port is none, whoever asks."""
    address = service.data_address if port == "data" else service.control_address
    callers = {role: metadata(service, role) for role in roles.ROLES} | {"": ()}
    async with grpc.aio.insecure_channel(address) as channel:
        for method in METHODS:
            for role, credentials in callers.items():
                code, text = await outcome(channel, method, metadata=credentials)
                cell = f"{method.path} × {role or 'nobody'} on {port}: {code.name} {text}"
                if not is_on(method, port):
                    assert code is grpc.StatusCode.UNIMPLEMENTED, cell
                elif method.path == roles.HEALTH_CHECK:
                    assert code is grpc.StatusCode.OK, cell
                elif not role:
                    assert (code, text) == (grpc.StatusCode.UNAUTHENTICATED, NO_TOKEN), cell
                elif role in roles.METHODS[method.path]:
                    # what lacks in an empty request is refused for that, never for who asks
                    assert text != DENIED, cell
                    assert code not in (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.UNIMPLEMENTED), cell
                else:
                    assert (code, text) == (grpc.StatusCode.PERMISSION_DENIED, DENIED), cell
    assert service.engine.saved_generation == 0


def test_what_is_not_in_the_table_is_denied() -> None:
    for role in (*roles.ROLES, "", "root", "Operator", "operator "):
        for method in (
            "",
            "/",
            "GetStore",
            "/geooffer.v1.StoreService/getstore",
            "/geooffer.v1.StoreService/Get",
        ):
            assert not roles.allowed(role, method)
    for method in METHODS:
        assert not roles.allowed("nobody", method.path)


def test_the_page_has_the_same_table() -> None:
    """One row a group of methods: `Service`, `Method Method …`, a mark a role."""
    told: dict[str, set[str]] = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not re.fullmatch(r"`[\w.]+Service`|`[\w.]+Health`|`[\w.]+ServerReflection`", cells[0]):
            continue
        marked = {role for role, mark in zip(roles.ROLES, cells[2:], strict=True) if mark}
        for name in re.findall(r"\w+", cells[1]):
            service = cells[0].strip("`")
            full = service if "." in service else f"geooffer.v1.{service}"
            assert f"/{full}/{name}" not in told
            told[f"/{full}/{name}"] = marked
    assert told == {path: set(allowed) for path, allowed in roles.METHODS.items()}
