"""Merge fields: `{{ given_name }}`, `{{ given_name | Madame, Monsieur }}` with what stands where nothing is known."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping

_FIELD = re.compile(r"\{\{\s*([a-z_]{1,40})\s*(?:\|([^{}]{0,200}))?\}\}")
_OPEN = re.compile(r"\{\{|\}\}")


class Missing(Exception):
    """Nothing is known for these fields, and the text says nothing in their place."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        super().__init__(", ".join(names))


def named(text: str) -> list[str]:
    """The fields of a text, each once, in order."""
    return list(dict.fromkeys(found[1] for found in _FIELD.finditer(text)))


def is_whole(text: str) -> bool:
    """Whether each opened field is a field: no brace is left beside them."""
    return not _OPEN.search(_FIELD.sub("", text))


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with its fields; what is filled in is read as words, never as fields. Raises `Missing`."""
    missing: list[str] = []

    def one(found: re.Match[str]) -> str:
        value = values.get(found[1], "") or (found[2] or "").strip()
        if not value:
            missing.append(found[1])
        return value

    replaced = _FIELD.sub(one, text)
    if missing:
        raise Missing(tuple(dict.fromkeys(missing)))
    return replaced


def left(text: str, values: Mapping[str, str], fixed: Collection[str] = ()) -> str:
    """The text for all of whom the same is known: what is known stays a field, unless it is `fixed` (the same for
    everybody); what is not has the words that stand in its place.
    """

    def one(found: re.Match[str]) -> str:
        known = values.get(found[1], "")
        return f"{{{{ {found[1]} }}}}" if known and found[1] not in fixed else known or (found[2] or "").strip()

    return _FIELD.sub(one, text)


def shown(text: str, values: Mapping[str, str], mark: Callable[[str], str]) -> str:
    """The same for a preview: what is missing stands marked in its place."""
    return _FIELD.sub(lambda found: values.get(found[1], "") or (found[2] or "").strip() or mark(found[1]), text)
