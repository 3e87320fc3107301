"""`import`, `replay` and `try` against a `geooffer serve` that speaks TLS."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from serving import serving
from typer.testing import Result

Invoke = Callable[..., Result]


def make_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A self-signed certificate for loopback, good for an hour, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, private = folder / f"{name}.crt", folder / f"{name}.key"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, *form))
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
