"""signature …: what a brand's style says of texts; brand files looked through."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from egard.base.refusal import Refusal
from egard.site.commands import Unreadable, answer, json_option, look_through, text_of

if TYPE_CHECKING:
    from egard.journeys.signature.rules.brand import Brand
    from egard.journeys.signature.rules.check import Checked

FORMS = {".txt": "text", ".md": "markdown", ".markdown": "markdown", ".html": "html", ".htm": "html"}


@click.group()
def signature() -> None:
    """The relational signature: scores of texts, and brand files."""


class NoTexts(Refusal):
    """The folder holds no text; name one with .txt, .md or .html files."""

    code = "signature.no_texts"
    message = "{folder} holds no text: files ending in .txt, .md, .markdown, .html or .htm are looked for."


class BadBrand(Refusal):
    """The brand's file is wrong; `egard signature lint` says where."""

    code = "signature.bad_brand"
    message = "{file} is no brand file: line {line}: {why}"


def _brand(path: Path | None) -> Brand:
    """The brand of a file; else the organisation's own, else the one that ships. Raises `BadBrand`, `ReaderMissing`."""
    from egard.journeys.signature import brands
    from egard.journeys.signature.rules import brand
    from egard.kernel.cases.rules.reading import Refused

    file = path or _own()
    if file is None:
        return brand.default()
    try:
        found = brand.read(text_of(file))
    except Refused as refused:
        first = refused.findings[0]
        raise BadBrand(file=file, line=first.line, why=first.message) from refused
    brands.require_reader(found)
    return found


def _own() -> Path | None:
    from egard.site import paths

    named = os.environ.get("EGARD_BRAND")
    found = Path(named).expanduser() if named else paths.data_dir() / "signature" / "brand.yaml"
    return found if named or found.is_file() else None


def _named(_ctx: click.Context, _param: click.Parameter, told: tuple[str, ...]) -> dict[str, str]:
    facts: dict[str, str] = {}
    for one in told:
        name, given, value = one.partition("=")
        if not given or not name.strip():
            raise click.BadParameter(f"{one!r} is not NAME=VALUE.")
        facts[name.strip()] = value
    return facts


def _files(paths: tuple[Path, ...]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        inside = [one for one in sorted(path.rglob("*")) if one.suffix.lower() in FORMS and one.is_file()]
        inside = [one for one in inside if not any(part.startswith(".") for part in one.relative_to(path).parts)]
        if not inside:
            raise NoTexts(folder=path)
        found += inside
    return found


@signature.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE…|DIR")
@click.option(
    "--brand",
    type=click.Path(path_type=Path),
    help="The brand's file (default: $EGARD_BRAND, the data's, the house's).",
)
@click.option("--language", type=click.Choice(["fr", "en"]), help="Default: found by the commonest words.")
@click.option("--moment", default="", help="welcome, refusal, apology, new_year…: what such a message has.")
@click.option("--channel", default="", help="email, sms, chat, post…: how long it may be.")
@click.option(
    "--facts", multiple=True, callback=_named, metavar="NAME=VALUE", help="What is the client’s own in the text."
)
@click.option("--min", "least", type=click.IntRange(0, 100), default=0, help="Exit code 1 where a text scores less.")
@click.option("--strict", is_flag=True, help="Exit code 1 where a finding is an error.")
@json_option
@click.pass_context
def check(
    ctx: click.Context, paths: tuple[Path, ...], brand: Path | None, language: Any, moment: str, channel: str,
    facts: dict[str, str], least: int, strict: bool, as_json: bool,
) -> None:  # fmt: skip
    """Score texts, Markdown files and pages of HTML, 0 to 100, with what to change. Needs no database.

    Exit codes: 0 done; 1 where a text scores below --min, has errors under --strict, or nothing could be read; 2
    wrong usage; 3 where some of several files could not be read.
    """
    from egard.journeys.signature.rules.check import check as judge

    files, held = _files(paths), _brand(brand)
    known = {name for tongue in held.style.languages.values() for name in tongue.moments}
    if moment and moment not in known:  # a slip would switch off what such a message has
        raise click.BadParameter(f"{moment!r} is none of {', '.join(sorted(known))}.", param_hint="--moment")
    several = len(files) > 1 or any(path.is_dir() for path in paths)
    told: list[dict[str, Any]] = []
    lines: list[str] = []
    failed = unread = 0
    for path in files:
        try:
            text = text_of(path)
        except Unreadable as refusal:
            if not several:
                raise
            unread += 1
            click.echo(refusal.detail, err=True)
            continue
        form: Any = FORMS.get(path.suffix.lower(), "text")
        found = judge(text, held, language=language, moment=moment, channel=channel, named=facts, form=form)
        told.append({"file": str(path), **_told(found)})
        lines.append(_words(path, text, found))
        failed += found.score < least or (strict and any(one.level == "error" for one in found.findings))
    answer(told if several else told[0], "\n\n".join(lines), as_json=as_json)
    if failed or (unread and unread == len(files)):
        ctx.exit(1)
    if unread:
        ctx.exit(3)


def _told(found: Checked) -> dict[str, Any]:
    return {
        "score": found.score,
        "parts": found.parts,
        "findings": [
            {"rule": one.rule, "from": one.start, "to": one.end, "text": one.text, "suggestion": one.suggestion,
             "part": one.part, "level": one.level, "message": one.message.said(found.language)}
            for one in found.findings
        ],
        "language": found.language,
        "language_is_sure": found.is_sure,
        "facts": list(found.facts),
        "why": {part: text.said(found.language) for part, text in found.why.items()},
    }  # fmt: skip


def _words(path: Path, text: str, found: Checked) -> str:
    parts = ", ".join(f"{name} {value}" for name, value in found.parts.items())
    lines = [f"{path}: {found.score}/100 ({parts})"]
    for one in found.findings:
        line = text.count("\n", 0, one.start) + 1
        column = one.start - (text.rfind("\n", 0, one.start) + 1) + 1
        lines.append(f"{path}:{line}:{column}: {one.level}: {one.message.said(found.language)} [{one.rule}]")
        if one.suggestion and len(one.suggestion) <= 120:
            lines.append(f"    → {one.suggestion}")
    return "\n".join(lines)


@signature.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE…")
@json_option
def lint(files: tuple[Path, ...], as_json: bool) -> None:
    """Say what is wrong with brand files, by line, and run the examples of their rules. Exit code 1 where something
    is.
    """
    from egard.journeys.signature.rules.lint import lint as lint_text

    look_through(files, lambda text: lint_text(text)[1], as_json=as_json)
