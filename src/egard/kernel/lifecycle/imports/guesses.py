"""A first map for a file: which column is probably what, by the words that head it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from egard.base.text import fold
from egard.kernel.registry import Importer


def guessed(importer: Importer, names: Sequence[str]) -> dict[str, Any]:
    """A map as plain data, each column at most once, each field by one column (or several, where they are joined)."""
    found: dict[str, list[str]] = {}
    taken: set[str] = set()
    for field, words in _by_field(importer).items():
        for name in names:
            if name in taken or (field in found and field not in importer.joins):
                continue
            if name == field or plain(name) in words:
                found.setdefault(field, []).append(name)
                taken.add(name)
    # Of several ways to tell who is who, the house's own number is the surest.
    match = {"match": "customer_number"} if "identifiers.customer_number" in found else {}
    return {"kind": importer.kind, **match, "columns": {field: _spec(columns) for field, columns in found.items()}}


def plain(name: str) -> str:
    """A column's name as guesses are written: folded, words only. `N° Client` and `n_client` are the same."""
    return re.sub(r"[^a-z0-9]+", " ", fold(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name))).strip()


def _by_field(importer: Importer) -> dict[str, frozenset[str]]:
    fields = {name: frozenset({plain(name)}) for name in importer.fields if "<" not in name}
    for field, words in importer.guesses.items():
        fields[field] = fields.get(field, frozenset()) | {plain(field.rpartition(".")[2]), *words.split(", ")}
    return fields


def _spec(columns: list[str]) -> Any:
    return columns[0] if len(columns) == 1 else {"columns": columns}
