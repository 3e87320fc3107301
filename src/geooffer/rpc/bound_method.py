"""Which method the running call is of, for what records who caused a change."""

from __future__ import annotations

import contextvars

_method: contextvars.ContextVar[str] = contextvars.ContextVar("geooffer_method", default="")


def bind_method(method: str) -> None:
    """Set it for the running call. Only rpc/interceptors.py calls this."""
    _method.set(method)


def bound_method() -> str:
    """`Service/Method`; '' outside a call."""
    return short_name(_method.get())


def short_name(method: str) -> str:
    """`Service/Method` of `/package.Service/Method`."""
    service, _, name = method.lstrip("/").partition("/")
    return f"{service.rpartition('.')[2]}/{name}" if name else ""
