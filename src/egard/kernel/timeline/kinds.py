"""Declared kinds of fact and their numbers in the database."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from egard.base.refusal import Conflict, Refusal
from egard.kernel.registry import FactType, registry
from egard.kernel.timeline.models import Kind
from egard.kernel.timeline.schemas import json_schema


class UnknownKind(Refusal):
    """No journey declares this kind of fact, or not in this version."""

    code = "timeline.unknown_kind"
    message = _("“{kind}” is not a kind of fact here. Known kinds: {known}.")


class SchemaChanged(Conflict):
    """A declared fact no longer has the schema under which facts were stored: give it a new version."""

    code = "timeline.schema_changed"
    message = _("The fields of “{kind}” changed, and facts are stored under the old ones: declare version {next}.")


def declared(kind: str) -> FactType:
    """The declaration of `name/version`; a bare name means its latest version. Raises `UnknownKind`."""
    found = registry.facts.get(kind)
    if found is None and "/" not in kind:
        versions = [f for f in registry.facts.values() if f.name == kind]
        found = max(versions, key=lambda f: f.version) if versions else None
    if found is None:
        raise UnknownKind(kind=kind[:120], known=", ".join(sorted(registry.facts)), fields={"kind": "unknown"})
    return found


@lru_cache(maxsize=8)
def _numbers(_database: str) -> dict[tuple[str, int], int]:
    return {(name, version): pk for pk, name, version in Kind.objects.values_list("id", "name", "version")}


def number(fact_type: FactType) -> int:
    """The number of a kind in this database, read once a process; a kind that is new here is registered first."""
    database = str(connection.settings_dict["NAME"])
    name = fact_type.name, fact_type.version
    if name not in _numbers(database):
        register_all()
    return _numbers(database)[name]


def forget() -> None:
    """Forget the numbers: the database was emptied (by a test), or new kinds were registered."""
    _numbers.cache_clear()


def register_all() -> None:
    """Write the schema of each declared kind; called after `migrate`. Raises `SchemaChanged`.

    Adding an optional field is the same version; anything that would refuse stored data is a new one.
    """
    stored = {str(kind): kind for kind in Kind.objects.all()}
    for kind, fact_type in registry.facts.items():
        schema = json_schema(fact_type)
        row = stored.get(kind)
        if row is None:
            # Several machines may start at once.
            Kind.objects.get_or_create(name=fact_type.name, version=fact_type.version, defaults={"schema": schema})
        elif row.schema != schema:
            if not _is_extension(row.schema, schema):
                raise SchemaChanged(kind=kind, next=fact_type.version + 1)
            Kind.objects.filter(pk=row.pk).update(schema=schema)
    forget()


_WORDS = frozenset({"title", "description", "x-personal", "default", "$defs"})
"""What a schema says for readers; it decides nothing."""


def _is_extension(old: Any, new: Any, old_root: Any = None, new_root: Any = None) -> bool:
    """Whether every document valid before is valid now: same fields with the same shapes, new ones optional."""
    old_root, new_root = old_root or old, new_root or new
    if isinstance(old, dict) and isinstance(new, dict):
        old, new = _resolved(old, old_root), _resolved(new, new_root)
        before, after = old.pop("properties", {}), new.pop("properties", {})
        needed, needs = set(old.pop("required", ())), set(new.pop("required", ()))
        return (
            old.keys() == new.keys()
            and needs <= needed
            and before.keys() <= after.keys()
            and all(_is_extension(before[name], after[name], old_root, new_root) for name in before)
            and all(_is_extension(old[name], new[name], old_root, new_root) for name in old)
        )
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(
            _is_extension(a, b, old_root, new_root) for a, b in zip(old, new, strict=True)
        )
    return old == new


def _resolved(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    """A copy without its words, a reference replaced by what it names."""
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    return {name: value for name, value in schema.items() if name not in _WORDS}
