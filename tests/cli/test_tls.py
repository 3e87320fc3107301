"""`import`, `replay` and `try` against a `geooffer serve` that speaks TLS."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from certificates import self_signed
from serving import serving

Invoke = Callable[..., Result]


def make_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """Files of a certificate for loopback and of its key."""
    files = self_signed()
    pem, private = folder / f"{name}.crt", folder / f"{name}.key"
    pem.write_bytes(files.certificate_chain)
    private.write_bytes(files.private_key)
    private.chmod(0o600)
    return pem, private


async def test_commands_reach_a_tls_server_by_its_root(
    command: list[str], invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem, private = make_certificate(tmp_path, "server")
    other, _ = make_certificate(tmp_path, "other")
    customers = tmp_path / "customers.csv"
    customers.write_text("customer_id,device_keys\nanna,7\n")
    walk = tmp_path / "walk.csv"
    walk.write_text("user_id,tracked_at,latitude,longitude,accuracy\n7,2026-03-03T10:01:00Z,47.0,8.0,12\n")
    with serving(command, "--json", "--clock", "client", "--tls-cert", str(pem), "--tls-key", str(private)) as process:
        assert process.stdout is not None
        ready = json.loads(await asyncio.to_thread(process.stdout.readline))
        data, control = ready["data_address"], ready["control_address"]
        token = ("--token", invoke("token", "dev", "--role", "operator").stdout.strip())
        loading = ("import", "customers", customers, "--server", control, *token)
        walking = ("replay", walk, "--server", data, "--json", *token)
        asking = ("try", "--server", control, "--device-key", "7", "--latitude", "47", "--longitude", "8", *token)

        async def call(*arguments: str | Path) -> Result:
            return await asyncio.to_thread(invoke, *arguments)

        for plaintext in (loading, walking, asking):
            _is_one_line(await call(*plaintext), "--ca-file")
            _is_one_line(await call(*plaintext, "--ca-file", other), "over TLS")

        result = await call(*loading, "--ca-file", pem)
        assert (result.exit_code, result.stdout) == (0, "accepted 1  refused 0  repaired 0\n")
        monkeypatch.setenv("GEOOFFER_CA_FILE", str(pem))
        assert json.loads((await call(*walking)).stdout)["verdicts"] == {"NO_CONSENT": 1}
        assert (await call(*asking)).stdout.startswith("ping: NO_CONSENT")
        # by the certificate's other name
        named = ("import", "customers", customers, "--server", control.replace("127.0.0.1", "localhost"), *token)
        assert (await call(*named)).exit_code == 0
        assert invoke("config", "check").exit_code == 0


def _is_one_line(result: Result, words: str) -> None:
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr.splitlines()[-1]
    assert len([line for line in result.stderr.splitlines() if line.startswith("error")]) == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "no such file"), (b"", "no PEM certificate"), (b"not a certificate \xff", "no PEM certificate")],
)
def test_a_file_that_holds_no_root_is_refused(
    invoke: Invoke, tmp_path: Path, content: bytes | None, reason: str
) -> None:
    roots, customers = tmp_path / "roots.pem", tmp_path / "customers.csv"
    customers.write_text("customer_id,device_keys\nanna,7\n")
    if content is not None:
        roots.write_bytes(content)
    result = invoke("import", "customers", customers, "--token", "x", "--ca-file", roots)
    _is_one_line(result, reason)
    assert str(roots) in result.stderr
    _is_one_line(invoke("import", "customers", customers, "--token", "x", "--ca-file", tmp_path), "is a directory")


def test_a_key_is_no_root(invoke: Invoke, tmp_path: Path) -> None:
    _, private = make_certificate(tmp_path, "server")
    place = ("--device-key", "7", "--latitude", "47", "--longitude", "8")
    _is_one_line(invoke("try", *place, "--token", "x", "--ca-file", private), "no PEM certificate")
