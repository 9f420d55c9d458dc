"""Which permissions and classes of data a set of roles gives: pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from egard.kernel.registry.declarations import SCOPES, FieldClass, Permission, RoleType, Scope

K = TypeVar("K")


def widest(a: Scope, b: Scope) -> Scope:
    return SCOPES[max(SCOPES.index(a), SCOPES.index(b))]


def narrowest(a: Scope, b: Scope) -> Scope:
    return SCOPES[min(SCOPES.index(a), SCOPES.index(b))]


def permissions_of(grants: Iterable[tuple[str, Scope | None]], permissions: Iterable[Permission]) -> dict[str, Scope]:
    """Permission name to scope for somebody who holds `grants` (role, limit).

    Each role gives a permission as far as it was declared; a limit on the grant narrows it; between several roles
    the widest holds.
    """
    held = list(grants)
    result: dict[str, Scope] = {}
    for permission in permissions:
        for role, limit in held:
            declared = permission.roles.get(role)
            if declared is None:
                continue
            scope = narrowest(declared, limit) if limit else declared
            before = result.get(permission.name)
            result[permission.name] = widest(before, scope) if before else scope
    return result


def classes_of(grants: Iterable[tuple[str, Scope | None]], declared: Mapping[str, RoleType]) -> dict[FieldClass, Scope]:
    """The classes of personal data that the roles see, each as far as the widest role that gives it.

    An unknown role (its journey is gone) sees nothing.
    """
    result: dict[FieldClass, Scope] = {}
    for role, limit in grants:
        for one in declared[role].sees if role in declared else ():
            scope = limit or "all"
            result[one] = widest(result[one], scope) if one in result else scope
    return result


def reaching(scopes: Mapping[K, Scope], least: Scope) -> dict[K, Scope]:
    """Those that reach at least as far as `least`."""
    return {name: scope for name, scope in scopes.items() if SCOPES.index(scope) >= SCOPES.index(least)}
