"""The map of an import as a form: a field per column, constants, and what a form cannot say kept as it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from egard.base.text import fold
from egard.console import words
from egard.kernel.registry import Importer, registry

FORMS: dict[str, Any] = {
    "d/m/Y": _("day/month/year"),
    "m/d/Y": _("month/day/year"),
    "Y/m/d": _("year/month/day"),
    "iso": _("year-month-day (ISO)"),
    ",": _("decimals after a comma"),
    ".": _("decimals after a point"),
}
"""How a column is written, where it is not to be recognised."""
CONSTANTS = 3
"""Lines offered for what is the same on every row."""
SIMPLE = {"column", "columns", "constant", "format", "decimal"}
SETTINGS = ("kind", "zone", "match", "file", "live", "create_people")


@dataclass(frozen=True, slots=True)
class Offered:
    """A field that a column may be: its name in the map, its words, and the group it stands in."""

    name: str
    words: str
    group: str = ""


@dataclass(frozen=True, slots=True)
class ColumnLine:
    place: int
    name: str
    samples: tuple[str, ...]
    field: str
    form: str
    also: str
    """Fields of a kept part of the map that use this column too."""


def offered(importer: Importer, names: Sequence[str]) -> list[Offered]:
    """Every field of an importer, its placeholders opened into what this house knows."""
    found: list[Offered] = []
    for name, label in importer.fields.items():
        if name.endswith(".<kind>"):
            stem = name.removesuffix("<kind>")
            found += [
                Offered(stem + kind.name, str(kind.label), str(label)) for kind in registry.identifier_kinds.values()
            ]
        elif name.startswith("consents."):
            dated = " – " + str(label) if name.endswith(".at") else ""
            found += [
                Offered(
                    f"consents.{purpose}.{channel}{'.at' if dated else ''}",
                    f"{words.PURPOSES[purpose]}, {words.word(words.CHANNELS, channel)}{dated}",
                    str(_("Consents")),
                )
                for purpose in words.PURPOSES_OFFERED
                for channel in words.REACH_CHANNELS
            ]
        elif name.endswith(".<field>"):
            stem = name.removesuffix("<field>")
            found += [Offered(stem + _slug(column), f"{label} ({_slug(column)})", str(label)) for column in names]
        else:
            found.append(Offered(name, str(label)))
    return found


def _slug(column: str) -> str:
    return "_".join("".join(c if c.isalnum() else " " for c in fold(column)).split()) or "column"


def lines(stated: Mapping[str, Any], columns: Sequence[tuple[str, tuple[str, ...]]]) -> list[ColumnLine]:
    """Each column of the file with the field that the map makes of it."""
    by_column: dict[str, tuple[str, str]] = {}
    also: dict[str, list[str]] = {}
    for field, spec in _fields(stated).items():
        for column in _columns_of(spec):
            if is_simple(spec):
                form = spec.get("format") or spec.get("decimal") or "" if isinstance(spec, dict) else ""
                by_column.setdefault(column, (field, form))
            else:
                also.setdefault(column, []).append(field)
    return [
        ColumnLine(n, name, samples, *by_column.get(name, ("", "")), ", ".join(also.get(name, ())))
        for n, (name, samples) in enumerate(columns)
    ]


def constants(stated: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the map says of every row, and empty lines for more."""
    found = [(f, s["constant"]) for f, s in _fields(stated).items() if is_simple(s) and "constant" in _dict(s)]
    return found + [("", "")] * max(1, CONSTANTS - len(found))


def kept(stated: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a map that a form cannot say: joined with other signs, replaced cells, rules."""
    return {field: spec for field, spec in _fields(stated).items() if not is_simple(spec)}


def is_simple(spec: Any) -> bool:
    return isinstance(spec, str) or (isinstance(spec, dict) and set(spec) <= SIMPLE)


def stated_by(form: QueryDict, names: Sequence[str], before: Mapping[str, Any], importer: Importer) -> dict[str, Any]:
    """The map that a form states; parts that it cannot say stay as they were before, unless it drops them."""
    fields: dict[str, Any] = {}
    for place, name in enumerate(names):
        field, written = form.get(f"field.{place}", "")[:200], form.get(f"form.{place}", "")
        if not field:
            continue
        spec = fields.setdefault(field, {"columns": []})
        spec["columns"].append(name)
        if written in FORMS:
            spec["decimal" if written in ",." else "format"] = written
    fields = {field: _shortest(spec) for field, spec in fields.items()}
    for field, value in zip(form.getlist("constant.field"), form.getlist("constant.value"), strict=False):
        if field and value.strip() and field not in fields:
            fields[field[:200]] = {"constant": value.strip()[:200]}
    dropped = set(form.getlist("drop"))
    fields |= {field: spec for field, spec in kept(before).items() if field not in dropped and field not in fields}
    stated: dict[str, Any] = {name: before[name] for name in SETTINGS if name in before}
    stated["kind"] = importer.kind
    if form.get("anonymous") == "keep":
        stated["anonymous"] = "keep"
    if "match" in form:
        stated.pop("match", None)
        if form["match"]:
            stated["match"] = form["match"][:64]
    return {**stated, "columns": fields}


def _shortest(spec: dict[str, Any]) -> Any:
    if len(spec["columns"]) > 1:
        return spec
    [column] = spec.pop("columns")
    return {"column": column, **spec} if spec else column


def _fields(stated: Mapping[str, Any]) -> Mapping[str, Any]:
    found = stated.get("columns")
    return found if isinstance(found, dict) else {}


def _columns_of(spec: Any) -> list[str]:
    if isinstance(spec, str):
        return [spec]
    columns = _dict(spec).get("columns", [_dict(spec)["column"]] if "column" in _dict(spec) else [])
    return [str(column) for column in columns] if isinstance(columns, list) else []


def _dict(spec: Any) -> dict[str, Any]:
    return spec if isinstance(spec, dict) else {}
