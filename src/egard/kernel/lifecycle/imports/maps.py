"""The map: which column of a file is what. Read from YAML; everything wrong with it is said at once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, available_timezones

import yaml
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from egard.base.refusal import Refusal
from egard.base.tables import FileOptions
from egard.base.tables.dates import FORMS
from egard.kernel.registry import Importer

MAP_MAX_BYTES = 1 << 20


class BadMap(Refusal):
    """The map cannot be used; the message lists everything that is wrong with it."""

    code = "import.bad_map"
    title = gettext_lazy("The map cannot be used")
    message = gettext_lazy("The map “{path}” cannot be used: {why}")


@dataclass(frozen=True, slots=True)
class Field:
    """Where a field comes from: columns (joined by `join`), or a constant.

    `format` and `zone` read dates, `decimal` numbers, `values` replaces cells, `default` stands for empty ones.
    `prefix` and `equals` make a rule: true where the cell begins with, or is one of.
    """

    name: str
    columns: tuple[str, ...] = ()
    constant: str | None = None
    join: str = " "
    format: str = ""
    zone: str = ""
    decimal: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    default: str = ""
    prefix: str = ""
    equals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Map:
    """A whole map. `anonymous`: rows that name nobody are kept. `live`: reactions take the rows for news, not history.

    `create_people` False: rows of unknown people are refused instead of making them. `match` names the identifier kind
    that says who is who (people).
    """

    fields: Mapping[str, Field]
    file: FileOptions = field(default_factory=FileOptions)
    zone: str = ""
    anonymous: bool = False
    live: bool = False
    create_people: bool = True
    match: str = ""

    @property
    def columns(self) -> list[str]:
        """All columns of the file that it speaks of."""
        return list(dict.fromkeys(column for one in self.fields.values() for column in one.columns))


_TEXTS = ("join", "format", "zone", "decimal", "default", "prefix")
_TOP = {"kind", "columns", "file", "zone", "anonymous", "live", "create_people", "match"}
_FILE = {"format", "encoding", "separator", "quote", "header"}


class _TextLoader(yaml.SafeLoader):
    """Words are what they look like: YAML 1.1 would take the column `no` for false and the cell `01` for 1."""

    yaml_implicit_resolvers: ClassVar[Any] = {  # ty: ignore[incompatible-attribute-override]  (stubs say instance)
        first: [(tag, form) for tag, form in resolvers if tag.endswith((":null", ":merge"))]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_FLAGS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def read_map(path: Path, importer: Importer) -> Map:
    """The map in a file. Raises `BadMap` naming everything that is wrong."""
    try:
        if path.stat().st_size > MAP_MAX_BYTES:
            raise BadMap(path=path.name, why=_("it is longer than a megabyte."))
        written = path.read_bytes()
    except OSError as error:
        raise BadMap(path=path.name, why=(error.strerror or str(error)).lower()) from error
    return map_of(stated_in(written, name=path.name), importer, name=path.name)


def stated_in(written: bytes, *, name: str) -> Any:
    """What a YAML text says, as plain data: dicts, lists, text and None. Raises `BadMap`."""
    try:
        # A safe loader whose scalars stay text: nothing else can be made.
        return yaml.load(written.decode("utf-8"), _TextLoader)  # noqa: S506
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise BadMap(path=name, why=f"{error}") from error


def map_of(stated: Any, importer: Importer, *, name: str) -> Map:
    """The map in plain data; `name` is what it is called where it is wrong. Raises `BadMap`."""
    try:
        return parse_map(stated, importer)
    except _Wrong as wrong:
        raise BadMap(path=name, why=" ".join(wrong.why)) from wrong


def identity_map(names: Sequence[str], importer: Importer) -> Map:
    """Without a map: columns that are named as fields are those fields."""
    return Map({name: Field(name, (name,)) for name in names if _allowed(name, importer)})


class _Wrong(Exception):
    def __init__(self, why: list[str]) -> None:
        self.why = why
        super().__init__(why)


def parse_map(stated: Any, importer: Importer) -> Map:
    """A map from plain data. Raises `_Wrong` with everything that is wrong."""
    why: list[str] = []
    if not isinstance(stated, dict) or not isinstance(stated.get("columns"), dict):
        raise _Wrong([_("it must say `columns:` with one line per field.")])
    why += [_("“{name}” is not known here; known are {known}.").format(name=name, known=", ".join(sorted(_TOP)))
            for name in stated if name not in _TOP]  # fmt: skip
    if stated.get("kind", importer.kind) != importer.kind:
        why.append(_("it is for “{kind}”.").format(kind=stated["kind"]))
    strange = [str(name) for name in stated["columns"] if not _allowed(str(name), importer)]
    if strange:
        why.append(_("These are no fields of {kind}: {names}. Fields are {known}.").format(
            kind=importer.kind, names=", ".join(strange), known=", ".join(importer.fields)))  # fmt: skip
    fields = {name: _field(name, value, why) for name, value in stated["columns"].items() if str(name) not in strange}
    why += [_("the field “{name}” is missing.").format(name=name) for name in importer.required if name not in fields]
    zone = stated.get("zone", "")
    _check_zone(zone, why)
    anonymous = stated.get("anonymous", "reject")
    if anonymous not in ("reject", "keep"):
        why.append(_("`anonymous` is `reject` or `keep`."))
    live, create_people = _flag(stated, "live", False, why), _flag(stated, "create_people", True, why)
    options = file_options(stated.get("file") or {}, why)
    if why:
        raise _Wrong(why)
    return Map(
        fields,
        options,
        zone,
        anonymous == "keep",
        live,
        create_people,
        str(stated.get("match", "")),
    )


def _allowed(name: str, importer: Importer) -> bool:
    """Whether a name is a field; `<…>` in a declared name stands for any words."""
    return any(re.fullmatch(_pattern(declared), name) for declared in importer.fields)


def _pattern(declared: str) -> str:
    parts = re.split(r"<[^>]+>", declared)
    # The last placeholder may hold dots: data.<field> reaches into objects.
    return r"[\w-]+".join(map(re.escape, parts[:-1])) + (
        ("[\\w.-]+" if len(parts) == 2 and not parts[1] else "[\\w-]+" if len(parts) > 1 else "") + re.escape(parts[-1])
    )


def _field(name: str, value: Any, why: list[str]) -> Field:
    if isinstance(value, str):
        return Field(name, (value,))
    if not isinstance(value, dict):
        why.append(_("“{name}” must be a column’s name or a list of settings.").format(name=name))
        return Field(name)
    known = {"column", "columns", "constant", "values", "equals", *_TEXTS}
    why += [_("“{name}”: “{key}” is not known; known are {known}.").format(
        name=name, key=key, known=", ".join(sorted(known))) for key in value if key not in known]  # fmt: skip
    columns = value.get("columns", [value["column"]] if "column" in value else [])
    if not isinstance(columns, list) or (not columns) == ("constant" not in value):
        why.append(_("“{name}” needs either `column:` or `constant:`.").format(name=name))
        columns = []
    texts = {key: str(value[key]) for key in _TEXTS if key in value}
    form = texts.get("format", "")
    if form and form not in FORMS and "%" not in form:
        why.append(_("“{name}”: the format “{form}” is none of {known} nor like %d-%m-%Y.").format(
            name=name, form=form, known=", ".join(FORMS)))  # fmt: skip
    _check_zone(texts.get("zone", ""), why)
    if texts.get("decimal", ".") not in (".", ","):
        why.append(_("“{name}”: `decimal` is `.` or `,`.").format(name=name))
    values, equals = value.get("values", {}), value.get("equals", [])
    if not isinstance(values, dict):
        why.append(_("“{name}”: `values` is a list of cell: replacement.").format(name=name))
        values = {}
    constant = value.get("constant")
    return Field(
        name,
        tuple(map(str, columns)),
        None if constant is None else str(constant),
        values={str(k): str(v) for k, v in values.items()},
        equals=tuple(map(str, equals if isinstance(equals, list) else [equals])),
        **texts,
    )


def _flag(stated: Mapping[str, Any], name: str, default: bool, why: list[str]) -> bool:
    if name not in stated:
        return default
    word = str(stated[name]).lower()
    if word not in _FLAGS:
        why.append(_("`{name}` is `true` or `false`.").format(name=name))
    return _FLAGS.get(word, default)


def _check_zone(zone: Any, why: list[str]) -> None:
    if zone and (not isinstance(zone, str) or zone not in available_timezones()):
        why.append(_("the time zone “{zone}” is not known (Europe/Paris is one).").format(zone=zone))


def file_options(stated: Any, why: list[str]) -> FileOptions:
    """What is stated of the file itself; whatever is wrong with it is added to `why`."""
    if not isinstance(stated, dict) or set(stated) - _FILE:
        why.append(_("`file` may state {known}.").format(known=", ".join(sorted(_FILE))))
        return FileOptions()
    separator, quote = stated.get("separator", ""), stated.get("quote")
    if len(str(separator)) > 1 or (quote is not None and len(str(quote)) > 1):
        why.append(_("`separator` and `quote` are one character each."))
        return FileOptions()
    if stated.get("format", "") not in ("", "csv", "jsonl", "parquet"):
        why.append(_("`file.format` is csv, jsonl or parquet."))
    return FileOptions(
        stated.get("format", ""),
        str(stated.get("encoding", "")),
        str(separator),
        None if quote is None else str(quote),
        _flag(stated, "header", True, why),
    )


def zone_of(name: str, default: str) -> ZoneInfo:
    return ZoneInfo(name or default)
