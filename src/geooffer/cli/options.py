"""Options that several commands share, so that they are spelt and explained the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from geooffer.errors import ConfigurationError

ConfigFile = Annotated[
    Path | None, typer.Option("--config", envvar="GEOOFFER_CONFIG", help="TOML file of settings.")
]
StateDir = Annotated[
    Path | None, typer.Option("--state-dir", help="Directory of the development token key.")
]
JsonOutput = Annotated[bool, typer.Option("--json", help="The result as one JSON object on stdout.")]
ControlServer = Annotated[
    str, typer.Option("--control-server", envvar="GEOOFFER_CONTROL_SERVER", help="Control port (host:port).")
]
Token = Annotated[str, typer.Option("--token", envvar="GEOOFFER_TOKEN", help="Token to call with.")]
TokenFile = Annotated[
    Path | None,
    typer.Option("--token-file", envvar="GEOOFFER_TOKEN_FILE", help="File that holds the token."),
]

DATA_SERVER_DEFAULT = "127.0.0.1:7430"
CONTROL_SERVER_DEFAULT = "127.0.0.1:7431"


def token_from(token: str, token_file: Path | None, role: str) -> str:
    """The token to call with. Raises ConfigurationError that says how to get one of `role`."""
    if token:
        return token.strip()
    if token_file is None:
        raise ConfigurationError(
            "no token: give --token-file or --token, or set GEOOFFER_TOKEN "
            f"(for a server on its development key: geooffer token dev --role {role})"
        )
    try:
        text = token_file.read_text(encoding="ascii").strip()
    except UnicodeDecodeError:
        raise ConfigurationError(f"{token_file}: holds no token") from None
    except OSError as error:
        raise ConfigurationError(f"{token_file}: {(error.strerror or 'cannot be read').lower()}") from None
    if not text or any(character.isspace() for character in text):
        raise ConfigurationError(f"{token_file}: holds no token")
    return text
