"""The data of many facts, checked against their declaration in one pass and given as the JSON that is stored."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from egard.kernel.registry import FactType
from egard.kernel.timeline import schemas
from egard.kernel.timeline.operations import BadFact, validated


@lru_cache(maxsize=1024)
def _many(cls: type) -> TypeAdapter[Any]:
    schemas.adapter(cls)  # refuses unknown fields from now on
    return TypeAdapter(list[cls])  # ty: ignore[invalid-type-form]  (known only now)


def documents(fact_type: FactType, rows: Sequence[Any]) -> list[bytes | BadFact]:
    """For each row of plain data the JSON that is stored, or the refusal that says what does not fit."""
    try:
        checked = _many(fact_type.type).validate_python(rows)
    except ValidationError as error:
        bad = {e["loc"][0] for e in error.errors(include_url=False, include_input=False, include_context=False)}
        good = iter(documents(fact_type, [row for place, row in enumerate(rows) if place not in bad]))
        return [_alone(fact_type, row) if place in bad else next(good) for place, row in enumerate(rows)]
    dump = schemas.adapter(fact_type.type).dump_json
    return [limited(fact_type, dump(one)) for one in checked]


def _alone(fact_type: FactType, row: Any) -> bytes | BadFact:
    try:
        return validated(fact_type, row)
    except BadFact as refusal:
        return refusal


def limited(fact_type: FactType, stored: bytes) -> bytes | BadFact:
    """The stored form itself, or the refusal of one that is too long or cannot be stored."""
    if len(stored) > schemas.DATA_MAX_BYTES:
        return BadFact(kind=fact_type.kind, why=f"{len(stored)} bytes, at most {schemas.DATA_MAX_BYTES}")
    if b"\\u0000" in stored:
        return BadFact(kind=fact_type.kind, why="the character NUL cannot be stored")
    return stored
