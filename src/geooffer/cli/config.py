"""`geooffer config check|show`: are the settings right, and what would `serve` run with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from geooffer.cli.errors import EXIT_FINDINGS
from geooffer.cli.options import ConfigFile, JsonOutput
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
        from geooffer.cli.settings_layers import load_settings

        try:
            load_settings(config_file)
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


def as_toml(settings: ServiceSettings) -> str:
    """The settings as a TOML file, one commented key each; keys without a value are commented out."""
    import json

    lines: list[str] = []
    for key, field in type(settings).model_fields.items():
        value = getattr(settings, key)
        lines.append(f"# {field.description}")
        if value is None:
            lines.append(f"# {key} =")
        elif isinstance(value, bool):
            lines.append(f"{key} = {str(value).lower()}")
        else:
            # a TOML basic string is written as JSON writes one
            lines.append(f"{key} = {json.dumps(str(value), ensure_ascii=False)}")
    return "\n".join(lines) + "\n"
