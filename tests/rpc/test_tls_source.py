"""Certificates that are exchanged while a port serves."""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from certificates import self_signed
from geooffer.errors import ConfigurationError
from geooffer.rpc.auth import TokenVerifier
from geooffer.rpc.durability import at_once
from geooffer.rpc.keys import development_keys
from geooffer.rpc.server import Port, PortOptions, bind_port
from geooffer.rpc.tls import TlsFiles, TlsSource


@asynccontextmanager
async def serving_port(source: TlsSource, tmp_path) -> AsyncIterator[Port]:
    verifier = TokenVerifier(development_keys(tmp_path).public_key)
    port = bind_port("data", PortOptions("127.0.0.1:0", tls=source), verifier=verifier, durable=at_once, services=[])
    await port.start()
    try:
        yield port
    finally:
        await port.stop(0)


def shown_by(port: Port) -> bytes:
    """The certificate a new connection is shown, as DER."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    host, _, number = port.address.rpartition(":")
    with socket.create_connection((host, int(number)), timeout=30) as plain, context.wrap_socket(plain) as shown:
        certificate = shown.getpeercert(binary_form=True)
    assert certificate is not None
    return certificate


def der(files: TlsFiles) -> bytes:
    return x509.load_pem_x509_certificate(files.certificate_chain).public_bytes(serialization.Encoding.DER)


async def test_new_connections_are_shown_the_new_certificate(tmp_path):
    first, second = self_signed(), self_signed()
    source = TlsSource(first)
    async with serving_port(source, tmp_path) as port:
        assert shown_by(port) == der(first)
        assert source.replace(second) == ["tls_cert", "tls_key"]
        assert shown_by(port) == der(second)
        assert source.replace(second) == []
        with pytest.raises(ConfigurationError, match="not that of the first certificate"):
            source.replace(TlsFiles(first.certificate_chain, second.private_key))
        assert shown_by(port) == der(second)


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (TlsFiles(b"x", b"y"), "no PEM certificate"),
        (TlsFiles(self_signed().certificate_chain, b"y"), "no PEM private key"),
        (TlsFiles(self_signed().certificate_chain, self_signed().private_key), "not that of the first"),
    ],
)
def test_a_source_refuses_what_does_not_fit_together(files, reason):
    with pytest.raises(ConfigurationError, match=reason):
        TlsSource(files)
