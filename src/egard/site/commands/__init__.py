"""The commands, one module a subject. What they share stands here."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import click

from egard.base.refusal import Refusal

TEXT_BYTES_MAX = 1_000_000

json_option = click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for programs.")


class NoData(Refusal):
    """The folder of the data holds no installation: a command run elsewhere must not begin a new one by mistake."""

    code = "site.no_data"
    message = (
        "There is no Egard data in {folder}. Name their folder: egard --data DIR {command} … (or set EGARD_DATA)."
        " A new installation is made by egard serve."
    )


class Unreadable(Refusal):
    """The file cannot be read; name another."""

    code = "site.unreadable"
    message = "{file} cannot be read: {why}"


def require_data() -> None:
    """Refuse where there is no installation to work with; nothing is created. Raises `NoData`."""
    from egard.site import paths

    if os.environ.get("DATABASE_URL"):  # then only the key that signs is kept in the folder
        found = bool(os.environ.get("EGARD_SECRET_KEY")) or paths.data_dir().is_dir()
    else:
        found = paths.cluster_dir().is_dir()
    if not found:
        names, context = [], click.get_current_context(silent=True)
        while context and context.parent:
            names.insert(0, str(context.info_name))
            context = context.parent
        raise NoData(folder=paths.data_dir(), command=" ".join(names))


def load_django() -> None:
    """Settings and applications."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "egard.site.settings")
    import django

    django.setup()


@contextmanager
def product(*, begins: bool = False) -> Generator[None]:
    """Django, over a database that answers and has this release's schema; the embedded one is started if need be.

    Only a command that `begins` an installation may make its folder; the others raise `NoData` where there is none.
    """
    from egard.site.postgres import embedded

    if not begins:
        require_data()
    with embedded():
        load_django()
        from django.db import connections

        from egard.site.prepare import require_migrated

        try:
            require_migrated()
            yield
        finally:
            connections.close_all()


def answer(result: Mapping[str, object] | list[dict[str, Any]], words: str, *, as_json: bool) -> None:
    """Print a result: JSON for programs, words for people."""
    click.echo(json.dumps(result, ensure_ascii=False, default=str) if as_json else words)


def text_of(path: Path) -> str:
    """What a file of text says. Raises `Unreadable`: no such file, too large, not UTF-8."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Unreadable(file=path, why=error.strerror) from error
    if len(content) > TEXT_BYTES_MAX:
        raise Unreadable(file=path, why=f"it has more than {TEXT_BYTES_MAX:,} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(file=path, why="it is not written in UTF-8") from error


class Found(Protocol):
    """What a reader of files found wrong, and on which line."""

    @property
    def line(self) -> int: ...
    @property
    def rule(self) -> str: ...
    @property
    def message(self) -> object: ...


def look_through(files: Iterable[Path], look: Callable[[str], Iterable[Found]], *, as_json: bool) -> None:
    """Print what `look` finds in each file, a line each; exit code 1 where it finds something."""
    findings: list[dict[str, Any]] = []
    looked = 0
    for path in files:
        looked += 1
        try:
            found = look(text_of(path))
        except Unreadable as refusal:
            findings.append({"file": str(path), "line": 0, "rule": "unreadable", "message": refusal.detail})
            continue
        findings += [{"file": str(path), "line": one.line, "rule": one.rule, "message": one.message} for one in found]
    words = "\n".join(f"{one['file']}:{one['line']}: {one['rule']}: {one['message']}" for one in findings)
    done = f"{looked} file{'s' if looked > 1 else ''}: nothing wrong."
    answer({"ok": not findings, "findings": findings}, words or done, as_json=as_json)
    if findings:
        click.get_current_context().exit(1)
