"""Which permissions and classes of data a set of roles gives: pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import median
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


COLLEAGUES_MIN = 5
"""Fewer colleagues than this, and a median says nothing."""


def beside_colleagues(
    counted: Mapping[str, int], roles: Mapping[str, frozenset[str]]
) -> dict[str, tuple[float, int, float | None]]:
    """For each of `counted`: the median count of the others who share a role with her, how many they are, and how many
    times that median she counts (None below `COLLEAGUES_MIN` colleagues).
    """
    by_role: dict[str, set[str]] = {}
    for who in counted:
        for role in roles[who]:
            by_role.setdefault(role, set()).add(who)
    result: dict[str, tuple[float, int, float | None]] = {}
    for who, count in counted.items():
        others = set().union(*(by_role[role] for role in roles[who])) - {who}
        middle = float(median(counted[other] for other in others)) if others else 0.0
        enough = len(others) >= COLLEAGUES_MIN and middle > 0
        result[who] = (middle, len(others), count / middle if enough else None)
    return result
