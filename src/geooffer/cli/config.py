"""`geooffer config check|show|reload`: are the settings right, what would `serve` run with, read them again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from geooffer.cli.errors import EXIT_FINDINGS
from geooffer.cli.options import ConfigFile, JsonOutput, StateDir
from geooffer.cli.output import print_json
from geooffer.errors import ConfigurationError

if TYPE_CHECKING:
    from geooffer.cli.settings import ServiceSettings


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="Check or show the settings of `geooffer serve`.")
    app.add_typer(group, name="config")

    @group.command("check")
    def check_command(
        config_file: ConfigFile = None,
        json_output: JsonOutput = False,
    ) -> None:
        """Read file and environment; name every fault. Exit code 1 where there is one."""
        from geooffer.cli.callers import CallerFiles
        from geooffer.cli.settings_layers import load_settings

        try:
            CallerFiles.read(load_settings(config_file))
        except ConfigurationError as error:
            faults = error.message.splitlines()
            if json_output:
                print_json({"ok": False, "faults": faults})
            else:
                print("\n".join(faults))
            raise typer.Exit(EXIT_FINDINGS) from None
        if json_output:
            print_json({"ok": True, "faults": []})
        else:
            print("settings are good")

    @group.command("show")
    def show_command(
        config_file: ConfigFile = None,
        json_output: JsonOutput = False,
    ) -> None:
        """Print every setting with its value and meaning, as TOML that `--config` takes."""
        from geooffer.cli.settings_layers import load_settings

        settings = load_settings(config_file)
        if json_output:
            print_json(settings.model_dump(mode="json"))
        else:
            print(as_toml(settings), end="")

    @group.command("reload")
    def reload_command(
        pid: Annotated[
            int | None, typer.Option("--pid", min=2, help="Process of the server; else the one that has --state-dir.")
        ] = None,
        state_dir: StateDir = None,
        config_file: ConfigFile = None,
    ) -> None:
        """Have a running server read its settings again (SIGHUP); its log tells the outcome."""
        from geooffer.cli.hang_up import hang_up, server_of
        from geooffer.cli.settings_layers import load_settings

        number = server_of(load_settings(config_file, {"state_dir": state_dir}).state_dir) if pid is None else pid
        hang_up(number)
        print(f"asked process {number} to read its settings again")


def as_toml(settings: ServiceSettings) -> str:
    """The settings as a TOML file, one commented key each; keys without a value are commented out."""
    import json

    from geooffer.cli.settings import RELOADABLE_KEYS

    lines: list[str] = []
    for key, field in type(settings).model_fields.items():
        value = getattr(settings, key)
        follows = " Follows a reload." if key in RELOADABLE_KEYS else ""
        lines.append(f"# {field.description}{follows}")
        if value is None:
            lines.append(f"# {key} =")
        elif isinstance(value, bool):
            lines.append(f"{key} = {str(value).lower()}")
        elif isinstance(value, int):
            lines.append(f"{key} = {value}")
        else:
            # a TOML basic string is written as JSON writes one
            lines.append(f"{key} = {json.dumps(str(value), ensure_ascii=False)}")
    return "\n".join(lines) + "\n"
