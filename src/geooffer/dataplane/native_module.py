"""The extension module `geooffer_native`, where it is installed and fits, and which plane serves by that."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Literal, NamedTuple

from geooffer.dataplane.port import PlaneName
from geooffer.errors import ConfigurationError

if TYPE_CHECKING:
    from types import ModuleType

INTERFACE_VERSION = 5
"""Of what is called there; grows with both sides."""
PlaneSetting = Literal["auto", "native", "python"]


class PlaneChoice(NamedTuple):
    """Which plane serves, and why, in words for the log and the ready line."""

    name: PlaneName
    reason: str


def native_module() -> ModuleType:
    """The module. Raises ConfigurationError, saying what is wrong, where it is missing or another version."""
    try:
        module = importlib.import_module("geooffer_native")
    except ImportError as error:
        why = "is not installed" if isinstance(error, ModuleNotFoundError) else "cannot be loaded on this machine"
        raise ConfigurationError(f"geooffer-native {why} (`make native` builds it)", field="plane") from None
    found = getattr(module, "INTERFACE_VERSION", 0)
    if found != INTERFACE_VERSION:
        rule = f"geooffer-native has interface {found}, this geooffer needs {INTERFACE_VERSION} (`make native`)"
        raise ConfigurationError(rule, field="plane")
    return module


def choose_plane(wanted: PlaneSetting, index: str) -> PlaneChoice:
    """Raises ConfigurationError where the native plane is asked for and not there."""
    if wanted == "python":
        return PlaneChoice("python", "asked for")
    try:
        native_module()
    except ConfigurationError as error:
        if wanted == "native":
            raise
        return PlaneChoice("python", error.message)
    if wanted == "native":
        return PlaneChoice("native", "asked for")
    if index == "rtree":
        return PlaneChoice("python", "index rtree is searched by Python")
    return PlaneChoice("native", "geooffer-native is installed")
