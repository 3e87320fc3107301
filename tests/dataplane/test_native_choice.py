"""Which plane serves, and why; nothing here needs geooffer-native."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from geooffer.dataplane.native_module import INTERFACE_VERSION, choose_plane
from geooffer.dataplane.native_settings import workers_of
from geooffer.errors import ConfigurationError


def install(monkeypatch: pytest.MonkeyPatch, version: int | None) -> None:
    """As if geooffer-native of that interface were installed; None = not at all."""
    if version is None:
        monkeypatch.setitem(sys.modules, "geooffer_native", None)
        return
    module = ModuleType("geooffer_native")
    module.INTERFACE_VERSION = version  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "geooffer_native", module)


def test_auto_takes_the_native_plane_where_it_is_and_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, INTERFACE_VERSION)
    assert choose_plane("auto", "cells") == ("native", "geooffer-native is installed")
    assert choose_plane("native", "rtree").name == "native"
    assert choose_plane("python", "cells") == ("python", "asked for")
    assert choose_plane("auto", "rtree") == ("python", "index rtree is searched by Python")


@pytest.mark.parametrize(("version", "why"), [(None, "is not installed"), (INTERFACE_VERSION + 1, "has interface")])
def test_without_a_module_that_fits_auto_says_why_and_native_is_refused(
    monkeypatch: pytest.MonkeyPatch, version: int | None, why: str
) -> None:
    install(monkeypatch, version)
    name, reason = choose_plane("auto", "cells")
    assert name == "python"
    assert why in reason
    assert "make native" in reason
    with pytest.raises(ConfigurationError, match=why) as caught:
        choose_plane("native", "cells")
    assert caught.value.field == "plane"


@pytest.mark.parametrize(
    ("cores", "count", "expected"),
    [
        ({0, 1, 2, 3}, 0, (3, [1, 2, 3])),
        ({4, 5}, 0, (1, [5])),
        ({7}, 0, (1, [])),
        ({0, 1}, 2, (2, [])),
        ({0, 1, 2, 3}, 2, (2, [1, 2])),
    ],
)
def test_a_core_is_left_to_python_and_pins_are_only_for_who_has_one(
    cores: set[int], count: int, expected: tuple[int, list[int]]
) -> None:
    assert workers_of(cores, count) == expected
