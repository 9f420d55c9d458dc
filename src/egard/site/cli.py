"""The `egard` command. Each command is its own module, loaded when it is called: `egard --help` stays quick."""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import click

from egard import __version__
from egard.base.refusal import Refusal

COMMANDS = {
    "serve": ("serve:serve", "Serve everything on this machine: database, pages, API, worker."),
    "web": ("serve:web", "Serve pages and API only (larger places)."),
    "worker": ("serve:worker", "Run reactions, jobs and schedules only (larger places)."),
    "lmtp": ("lmtp:lmtp", "Take in letters from the mail server of the house."),
    "migrate": ("database:migrate", "Bring the database up to date with this release."),
    "demo": ("database:demo", "Load the demo brand, once."),
    "check": ("database:check", "Say whether database, settings and what is stored are in order."),
    "user": ("users:user", "Create the people who sign in; set their passwords."),
    "apikey": ("keys:apikey", "Create the keys of programs."),
    "import": ("imports:command", "Bring in a file: CSV, JSON lines, Parquet."),
    "case": ("cases:case", "Look through types of case, publish them, move cases to them."),
    "signature": ("signature:signature", "Score texts by the brand's style, and look through brand files."),
    "visits": ("visits:visits", "Say when a visit can begin, from a file."),
    "simulate": ("simulate:simulate", "Run the product under clients that are killed, from a seed."),
    "people": ("people:people", "Export or erase what is held on a person; who saw it."),
    "prepare": ("serve:prepare", ""),
}
HIDDEN = {"prepare"}
REFUSED, INTERRUPTED = 1, 130


class LazyGroup(click.Group):
    """A group that knows its commands' names and words, and imports one only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name in COMMANDS if name not in HIDDEN and _module(name)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS or not (module := _module(cmd_name)):
            return None
        return getattr(import_module(module), COMMANDS[cmd_name][0].partition(":")[2])

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])


def _module(name: str) -> str:
    """The module of a command; empty where this build does not hold it."""
    module = f"egard.site.commands.{COMMANDS[name][0].partition(':')[0]}"
    return module if find_spec(module) else ""


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="egard")
@click.option(
    "--data",
    type=click.Path(file_okay=False),
    help="Folder of the data, for every command (default: $EGARD_DATA, else ./var).",
)
def egard(data: str | None) -> None:
    """Every promise an organisation makes to a person is recorded, kept on every channel, and measured.

    Exit codes: 0 done, 1 refused, 2 wrong usage, 3 done but some rows were rejected.
    """
    if data:
        os.environ["EGARD_DATA"] = str(Path(data).expanduser().resolve())


def problem_of(refusal: Refusal) -> dict[str, object]:
    """A refusal as an API answers it (problem+json)."""
    return {
        "type": "about:blank",
        "title": str(refusal.title),
        "status": refusal.status,
        "code": refusal.code,
        "detail": refusal.detail,
        "fields": refusal.fields,
    }


def _allow_words() -> None:
    """A refusal that came before Django was loaded speaks English: there is no catalogue to look into yet."""
    from django.conf import settings

    if not settings.configured:
        settings.configure(USE_I18N=False)


def main() -> None:
    """Run a command; refusals become words (or a problem with --json) and exit code 1."""
    try:
        sys.exit(egard(standalone_mode=False) or 0)
    except Refusal as refusal:
        _allow_words()
        if "--json" in sys.argv:
            print(json.dumps(problem_of(refusal), ensure_ascii=False))
        else:
            print(refusal.detail, file=sys.stderr)
        sys.exit(REFUSED)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        print("Stopped.", file=sys.stderr)
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
