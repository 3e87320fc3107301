"""Servers in processes of their own, for every test here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from servers import WarmStarter


@pytest.fixture(scope="session")
def warm_starter() -> Iterator[WarmStarter]:
    """One loaded process that forks them all."""
    with WarmStarter() as started:
        yield started


@pytest.fixture
def starter(warm_starter: WarmStarter, plane_kind: str) -> WarmStarter:
    """The same, for servers of the test's plane."""
    warm_starter.plane = plane_kind
    return warm_starter


@pytest.fixture(autouse=True)
def clean_environment_of_servers(clean_environment: None) -> None:
    """Of every test here."""
