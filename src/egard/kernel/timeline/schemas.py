"""From a declared dataclass to its JSON Schema, its validation, and its personal fields."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import ConfigDict, TypeAdapter, with_config

from egard.kernel.registry import FactType, Identifies, Personal

ERASED = "[erased]"
"""What stands where a personal text stood; other types become null, lists empty."""

DATA_MAX_BYTES = 256 * 1024
"""The data of one fact at most, as JSON: a wholesaler's order of two thousand lines. Protocols may set less."""


@lru_cache(maxsize=1024)
def adapter(cls: type) -> TypeAdapter[Any]:
    """The validator of a fact's dataclass: unknown fields are refused, so that no misspelt one is lost in silence."""
    strict = with_config(ConfigDict(extra="forbid", revalidate_instances="always", ser_json_timedelta="iso8601"))
    for part in _dataclasses(cls):
        if "__pydantic_config__" not in part.__dict__:
            strict(part)
    return TypeAdapter(cls)


def _dataclasses(cls: type) -> Iterator[type]:
    """The dataclass and those inside it."""
    yield cls
    for hint in get_type_hints(cls).values():
        for inner in _leaves(hint):
            if isinstance(inner, type) and dataclasses.is_dataclass(inner):
                yield from _dataclasses(inner)


def _leaves(hint: Any) -> Iterator[Any]:
    args = get_args(hint)
    if not args:
        yield hint
    for arg in args:
        yield from _leaves(arg)


@lru_cache(maxsize=1024)
def json_schema(fact_type: FactType) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a fact's data, personal fields marked `x-personal`."""
    schema = adapter(fact_type.type).json_schema()
    schema["title"] = fact_type.kind
    for path in personal_paths(fact_type.type):
        _mark(schema, path, schema)
    return schema


def _mark(node: dict[str, Any], path: tuple[str, ...], root: dict[str, Any]) -> None:
    """Mark what stands at `path` as personal, through references and every branch."""
    if "$ref" in node:
        return _mark(root["$defs"][node["$ref"].rpartition("/")[2]], path, root)
    for branch in node.get("anyOf", ()):
        _mark(branch, path, root)
    if not path:
        node["x-personal"] = True
    elif path[0] == "*":
        for inner in (node.get("items"), node.get("additionalProperties")):
            if isinstance(inner, dict):
                _mark(inner, path[1:], root)
    elif path[0] in node.get("properties", {}):
        _mark(node["properties"][path[0]], path[1:], root)
    return None


@lru_cache(maxsize=1024)
def personal_paths(cls: type) -> tuple[tuple[str, ...], ...]:
    """Where a fact holds personal data: paths of field names, `*` for every item of a list or mapping."""
    return tuple(_paths(cls, ()))


def _paths(hint: Any, at: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if get_origin(hint) is Annotated:
        base, *marks = get_args(hint)
        if any(isinstance(mark, Personal) or mark is Personal for mark in marks):
            yield at
            return
        yield from _paths(base, at)
    elif isinstance(hint, type) and dataclasses.is_dataclass(hint):
        for name, inner in get_type_hints(hint, include_extras=True).items():
            yield from _paths(inner, (*at, name))
    elif get_origin(hint) in (Union, types.UnionType):
        for inner in get_args(hint):
            yield from _paths(inner, at)
    elif get_origin(hint) in (list, tuple, set, frozenset, dict, Mapping):
        for inner in get_args(hint):
            if inner is not Ellipsis:
                yield from _paths(inner, (*at, "*"))


@lru_cache(maxsize=1024)
def identifying(cls: type) -> tuple[tuple[str, str], ...]:
    """The fields of a fact that identify its person, with the kind of identifier each gives."""
    return tuple(
        (name, mark.kind)
        for name, hint in get_type_hints(cls, include_extras=True).items()
        if get_origin(hint) is Annotated
        for mark in get_args(hint)[1:]
        if isinstance(mark, Identifies)
    )


def redact(data: Any, paths: tuple[tuple[str, ...], ...]) -> Any:
    """A copy of `data` in which everything at `paths` is taken away; what is not there is passed over."""
    for path in paths:
        data = _redact(data, path)
    return data


def _redact(data: Any, path: tuple[str, ...]) -> Any:
    if not path:
        return ERASED if isinstance(data, str) else [] if isinstance(data, list) else None
    head, rest = path[0], path[1:]
    if head == "*":
        if isinstance(data, list):
            return [_redact(item, rest) for item in data]
        if isinstance(data, dict):
            return {name: _redact(item, rest) for name, item in data.items()}
        return data
    if isinstance(data, dict) and data.get(head) is not None:
        return {**data, head: _redact(data[head], rest)}
    return data
