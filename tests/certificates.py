"""TLS files for tests."""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from geooffer.rpc.tls import TlsFiles

MINUTE = datetime.timedelta(minutes=1)


def self_signed() -> TlsFiles:
    """A certificate for 127.0.0.1 and localhost that is its own root, good for an hour, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certificate("localhost", key, None)
    return TlsFiles(certificate.public_bytes(serialization.Encoding.PEM), _pem(key))


@dataclass(frozen=True, slots=True)
class Authority:
    """A root of its own that makes certificates for clients."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def made(cls, name: str) -> Authority:
        """A fresh one."""
        key = ec.generate_private_key(ec.SECP256R1())
        return cls(_certificate(name, key, None), key)

    @property
    def pem(self) -> bytes:
        """The root."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def client(self, name: str, *, ended: bool = False) -> TlsFiles:
        """A certificate for a client and its key; `ended`: an hour ago."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _certificate(name, key, self, ended=ended)
        return TlsFiles(certificate.public_bytes(serialization.Encoding.PEM), _pem(key))


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, issuer: Authority | None, *, ended: bool = False
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    now = datetime.datetime.now(datetime.UTC)
    begin, end = (now - 120 * MINUTE, now - 60 * MINUTE) if ended else (now - MINUTE, now + 60 * MINUTE)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        # two roots of one name are told apart by their keys
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key((key if issuer is None else issuer.key).public_key()),
            critical=False,
        )
        .sign(key if issuer is None else issuer.key, hashes.SHA256())
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
