"""Declared kinds of fact and their numbers in the database."""

from __future__ import annotations

from functools import lru_cache

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
    """The number of a kind in this database. `migrate` registers them all, so they are read once a process."""
    from django.db import connection

    database = str(connection.settings_dict["NAME"])
    return _numbers(database)[fact_type.name, fact_type.version]


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


def _is_extension(old: dict, new: dict) -> bool:
    """Whether every document valid before is valid now: same fields with the same shapes, new ones optional."""
    before, after = old.get("properties", {}), new.get("properties", {})
    kept = all(_shape(after.get(name)) == _shape(shape) for name, shape in before.items())
    return kept and set(new.get("required", ())) <= set(old.get("required", ())) and _defs(old) == _defs(new)


def _shape(schema: dict | None) -> dict | None:
    return (
        None
        if schema is None
        else {k: v for k, v in schema.items() if k not in ("title", "description", "x-personal", "default")}
    )


def _defs(schema: dict) -> dict:
    return {k: v for k, v in schema.get("$defs", {}).items() if k in str(schema.get("properties", {}))}
