"""`geooffer backup`, `restore`, `verify-state`, beside a server that runs and after it has ended."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from typer.testing import Result

from geooffer.cli.assembly import loopback_settings, running_service
from geooffer.model.catalog import Customer

Invoke = Callable[..., Result]


async def test_a_running_server_is_backed_up_and_comes_back(invoke: Invoke, tmp_path: Path) -> None:
    state = tmp_path / "state"
    settings = loopback_settings(clock="system", journal="sqlite", state_dir=state, metrics_address="127.0.0.1:0")
    async with running_service(settings) as service:
        service.engine.upsert_customers([Customer(f"customer-{number}", (number + 1,)) for number in range(20)])
        while service.engine.journal.durable < service.engine.journal.appended:
            pass
        done = invoke("backup", tmp_path / "backup", "--state-dir", state, "--json")
        assert done.exit_code == 0
        lsn = json.loads(done.stdout)["lsn"]
        assert lsn >= 1, "the first policy may have a commit of its own"
        refused = invoke("restore", tmp_path / "backup", "--state-dir", state, "--force")
        assert refused.exit_code == 2
        assert "another server" in refused.stderr
        assert "20 persons" in invoke("verify-state", "--state-dir", state).stdout
    assert not list((tmp_path / "backup").glob("*token*"))
    told = json.loads(invoke("verify-state", "--state-dir", state, "--json").stdout)
    assert (told["sound"], told["persons"], told["lsn"], len(told["digests"])) == (True, 20, lsn, 65)
    restored = invoke("restore", tmp_path / "backup", "--state-dir", tmp_path / "new")
    assert restored.exit_code == 0
    assert f"restored: commit {lsn}, 20 persons" in restored.stdout
    again = json.loads(invoke("verify-state", "--state-dir", tmp_path / "new", "--json").stdout)
    assert again["digests"] == told["digests"]


def test_damage_is_told_and_ends_with_1(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "snapshot-5").mkdir()
    found = invoke("verify-state", "--state-dir", tmp_path)
    assert found.exit_code == 1
    assert "not sound: snapshot-5/manifest.json cannot be read" in found.stderr
    told = json.loads(invoke("verify-state", "--state-dir", tmp_path, "--json").stdout)
    assert told["sound"] is False
