"""Options that several commands share, so that they are spelt and explained the same everywhere."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from geooffer.cli.small_files import read_small
from geooffer.errors import ConfigurationError

ConfigFile = Annotated[Path | None, typer.Option("--config", envvar="GEOOFFER_CONFIG", help="TOML file of settings.")]
StateDir = Annotated[Path | None, typer.Option("--state-dir", help="State directory; without it that of the settings.")]
JsonOutput = Annotated[bool, typer.Option("--json", help="The result as one JSON object on stdout.")]
Server = Annotated[str, typer.Option("--server", envvar="GEOOFFER_CONTROL_SERVER", help="Control port.")]
ControlServer = Annotated[
    str, typer.Option("--control-server", envvar="GEOOFFER_CONTROL_SERVER", help="Control port (host:port).")
]
Token = Annotated[str, typer.Option("--token", help="Token to call with (or $GEOOFFER_TOKEN).")]
TokenFile = Annotated[
    Path | None, typer.Option("--token-file", help="File that holds the token (or $GEOOFFER_TOKEN_FILE).")
]
CaFile = Annotated[
    Path | None,
    typer.Option(
        "--ca-file",
        envvar="GEOOFFER_CA_FILE",
        help="PEM root certificates to know the server by; with it the connection is TLS.",
    ),
]

Clip = Annotated[bool, typer.Option("--clip", help="Cut exclusion zones out of stores' fences, and say so.")]

DATA_SERVER_DEFAULT = "127.0.0.1:7430"
CONTROL_SERVER_DEFAULT = "127.0.0.1:7431"


@dataclass(frozen=True, slots=True)
class Access:
    """How a command calls a server: with which token, and known by which root certificates."""

    token: str
    root_certificates: bytes | None = None
    """PEM; None: plaintext."""
    client_certificate: tuple[bytes, bytes] | None = None
    """PEM chain and key; None: the server asks for none."""


def access_from(token: str, token_file: Path | None, ca_file: Path | None, role: str) -> Access:
    """The options of a command as what its client needs. Raises ConfigurationError."""
    roots = root_certificates_from(ca_file)
    return Access(token_from(token, token_file, role), roots, client_certificate_from(os.environ, roots))


def client_certificate_from(environment: Mapping[str, str], roots: bytes | None) -> tuple[bytes, bytes] | None:
    """$GEOOFFER_CLIENT_CERT and $GEOOFFER_CLIENT_KEY: what every command shows a server that asks for a certificate.

    None where they are not set. Raises ConfigurationError where they do not fit together, or nothing is TLS.
    """
    chain, key = (environment.get(f"GEOOFFER_CLIENT_{name}", "") for name in ("CERT", "KEY"))
    if not chain and not key:
        return None
    if not chain or not key:
        raise ConfigurationError("GEOOFFER_CLIENT_CERT and GEOOFFER_CLIENT_KEY belong together", field="client_cert")
    if roots is None:
        raise ConfigurationError("GEOOFFER_CLIENT_CERT needs --ca-file: without it nothing is TLS", field="client_cert")
    from geooffer.rpc.tls import TlsFiles

    files = TlsFiles(read_small(Path(chain)), read_small(Path(key)))
    try:
        files.check()
    except ConfigurationError as error:
        raise ConfigurationError(f"client certificate: {error.message}", field="client_cert") from None
    return files.certificate_chain, files.private_key


def root_certificates_from(ca_file: Path | None) -> bytes | None:
    """The PEM certificates of --ca-file; None where there is none. Raises ConfigurationError.

    Checked here, because the transport takes any bytes and then only says that nobody answers.
    """
    if ca_file is None:
        return None
    from cryptography.x509 import load_pem_x509_certificates

    pem = read_small(ca_file)
    try:
        load_pem_x509_certificates(pem)
    except ValueError:
        raise ConfigurationError(f"{ca_file}: holds no PEM certificate", field="ca_file") from None
    return pem


def token_from(token: str, token_file: Path | None, role: str) -> str:
    """The token to call with: flags before the environment, the text before the file.

    Raises ConfigurationError that says how to get one of `role`.
    """
    if not token and token_file is None:
        token = os.environ.get("GEOOFFER_TOKEN", "")
        named = os.environ.get("GEOOFFER_TOKEN_FILE", "")
        token_file = Path(named) if named else None
    if token:
        return _checked(token, "the token")
    if token_file is None:
        raise ConfigurationError(
            "no token: give --token-file or --token, or set GEOOFFER_TOKEN "
            f"(for a server on its development key: geooffer token dev --role {role})"
        )
    try:
        return _checked(read_small(token_file).decode("ascii"), str(token_file))
    except UnicodeDecodeError:
        raise ConfigurationError(f"{token_file}: holds no token") from None


def claimed_role(token: str) -> str:
    """The role a token claims, unverified; '' where it cannot be read. For early advice only: the server decides."""
    parts = token.split(".")
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (IndexError, ValueError):
        return ""
    return str(claims.get("role", "")) if isinstance(claims, dict) else ""


def _checked(text: str, source: str) -> str:
    """A header value must be printable ASCII; the transport would fail on anything else with an error of its own."""
    token = text.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigurationError(f"{source}: holds no token")
    return token
