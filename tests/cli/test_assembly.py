"""The server in process: both ports, tokens, settings that are refused, and the drain."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from geooffer.cli.assembly import loopback_settings, monotonic_now_ms, running_service
from geooffer.cli.settings import ServiceSettings
from geooffer.client import CallError, GeoofferClient, Ping
from geooffer.errors import ConfigurationError, UnauthenticatedError
from geooffer.rpc.keys import DEV_PUBLIC_NAME, development_keys


async def test_both_ports_answer_and_are_gone_afterwards(tmp_path: Path) -> None:
    async with running_service(loopback_settings(state_dir=tmp_path)) as service:
        token = service.issue_token("operator")
        target, control = service.data_address, service.control_address
        async with GeoofferClient(target, control_target=control, token=token) as client:
            assert (await client.control.catalog_state()).store_count == 0
            answer = await client.ingest(Ping(47.0, 8.0, fix_time_ms=1_000_000, device_key=7))
            assert len(answer.rejected_rows) == 1
    async with GeoofferClient(target, control_target=control, token=token) as client:
        with pytest.raises(CallError, match="UNAVAILABLE"):
            await client.control.catalog_state()


@pytest.mark.parametrize("index", ["rtree", "packed", "cells"])
async def test_the_index_is_the_one_asked_for(tmp_path: Path, index: str) -> None:
    async with running_service(loopback_settings(state_dir=tmp_path, index=index)) as service:
        assert service.engine.index_kind == index


async def test_the_client_clock_starts_where_it_is_told(tmp_path: Path) -> None:
    settings = loopback_settings(state_dir=tmp_path, clock_start="2026-03-03T10:00:00+01:00")
    async with running_service(settings) as service:
        assert service.engine.clock.now_ms(0) == 1_772_528_400_000


async def test_a_given_key_verifies_and_nothing_is_issued(tmp_path: Path) -> None:
    elsewhere = development_keys(tmp_path / "keys")
    public = tmp_path / "keys" / DEV_PUBLIC_NAME
    settings = loopback_settings(state_dir=tmp_path / "state", token_public_key=public)
    async with running_service(settings) as service:
        with pytest.raises(ConfigurationError, match="cannot issue"):
            service.issue_token("operator")
        assert not (tmp_path / "state").exists()
        from geooffer.rpc.auth import issue_token

        def token_of(keys: Any) -> str:
            return issue_token(keys.private_key, role="operator", subject="me", now_s=time.time())

        async with GeoofferClient(control_target=service.control_address, token=token_of(elsewhere)) as client:
            assert (await client.control.catalog_state()).saved_generation == 0
        stranger = token_of(development_keys(tmp_path / "other"))
        async with GeoofferClient(control_target=service.control_address, token=stranger) as client:
            with pytest.raises(UnauthenticatedError):
                await client.control.catalog_state()


@pytest.mark.parametrize(
    "changes",
    [
        {"data_address": "0.0.0.0:0"},
        {"control_address": "0.0.0.0:0", "clock": "system", "allow_plaintext": True},
        {"clock": "system", "clock_start": "2026-03-03T10:00:00Z"},
    ],
)
async def test_settings_that_do_not_fit_never_bind(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        async with running_service(loopback_settings(state_dir=tmp_path, **changes)):
            raise AssertionError("it must not start")


async def test_an_address_in_use_is_one_error(tmp_path: Path) -> None:
    async with running_service(loopback_settings(state_dir=tmp_path)) as service:
        taken = loopback_settings(state_dir=tmp_path, control_address=service.control_address)
        with pytest.raises(ConfigurationError, match="cannot listen"):
            async with running_service(taken):
                raise AssertionError("it must not start")


async def test_kernels_are_told_of(tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []

    def on_compile(done: int, total: int, name: str) -> None:
        told.append((done, total, name))

    async with running_service(loopback_settings(state_dir=tmp_path), on_compile=on_compile):
        pass
    assert [done for done, _, _ in told] == list(range(len(told)))
    assert {total for _, total, _ in told} == {len(told)}


def test_a_wall_clock_that_is_set_does_not_move_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now_ms = monotonic_now_ms()
    before = now_ms()
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() + 3_600_000_000_000)
    assert before <= now_ms() < before + 60_000


def test_loopback_settings_take_changes() -> None:
    settings = loopback_settings(index="rtree")
    assert isinstance(settings, ServiceSettings)
    assert (settings.clock, settings.index, settings.faults()) == ("client", "rtree", [])
