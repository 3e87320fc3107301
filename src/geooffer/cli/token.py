"""`geooffer token dev`: a signed token for a server that runs on its development key."""

from __future__ import annotations

from typing import Annotated

import typer

from geooffer.cli.options import ConfigFile, JsonOutput, StateDir
from geooffer.cli.output import print_json
from geooffer.errors import InvalidArgumentError

DAY_S = 86_400
LIFETIME_MAX_S = 366 * DAY_S


def register(app: typer.Typer) -> None:
    """Add the command."""
    group = typer.Typer(no_args_is_help=True, help="Make tokens.")
    app.add_typer(group, name="token")

    # a group with one command would lose its name
    @group.callback()
    def token_root() -> None:
        pass

    @group.command("dev")
    def dev_command(
        role: Annotated[str, typer.Option("--role", help="device, gateway, operator, …")],
        device_key: Annotated[
            str, typer.Option("--device-key", help="The device (role device): an integer, or a name.")
        ] = "",
        device_key_range: Annotated[
            list[str] | None,
            typer.Option("--device-key-range", help="LOW:HIGH keys a gateway or operator speaks for."),
        ] = None,
        store_id: Annotated[
            list[str] | None, typer.Option("--store-id", help="The stores (role store) it speaks for; may repeat.")
        ] = None,
        subject: Annotated[str, typer.Option("--subject", help="Who it is for; else the role's name.")] = "",
        lifetime_s: Annotated[
            int, typer.Option("--lifetime-s", min=1, max=LIFETIME_MAX_S, help="Seconds it holds.")
        ] = DAY_S,
        state_dir: StateDir = None,
        config_file: ConfigFile = None,
        json_output: JsonOutput = False,
    ) -> None:
        """Print a token signed with the state directory's development key (made at first use, mode 0600)."""
        import time

        from geooffer.cli.settings_layers import load_settings
        from geooffer.model import units
        from geooffer.model.keys import device_key as key_of
        from geooffer.rpc.auth import issue_token
        from geooffer.rpc.keys import development_keys

        if role == "device":
            if not device_key:
                raise InvalidArgumentError("--device-key is needed for the role device", field="device_key")
            subject = str(key_of(device_key))
        elif device_key:
            raise InvalidArgumentError("--device-key is for the role device only", field="device_key")
        if role != "store" and store_id:
            raise InvalidArgumentError("--store-id is for the role store only", field="store_id")
        ranges = [_range(text) for text in device_key_range or []] or None
        settings = load_settings(config_file, {"state_dir": state_dir})
        if lifetime_s > settings.token_lifetime_max_seconds:
            rule = f"--lifetime-s is at most {settings.token_lifetime_max_seconds} (token_lifetime_max_seconds)"
            raise InvalidArgumentError(rule, field="lifetime_s")
        now_s = time.time()
        token = issue_token(
            development_keys(settings.state_dir).private_key,
            role=role,
            subject=subject or role,
            now_s=now_s,
            lifetime_s=lifetime_s,
            device_key_ranges=ranges,
            store_ids=store_id or (),
            issuer=settings.token_issuer,
            audience=settings.token_audience,
        )
        if json_output:
            expires = units.format_time_ms((int(now_s) + lifetime_s) * 1000)
            print_json({"token": token, "role": role, "subject": subject or role, "expires_time": expires})
        else:
            print(token)


def _range(text: str) -> tuple[int, int]:
    low, _, high = text.partition(":")
    try:
        return int(low), int(high)
    except ValueError:
        raise InvalidArgumentError("--device-key-range is LOW:HIGH, two integers") from None
