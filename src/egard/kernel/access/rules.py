"""Which permissions and classes of data a set of roles gives: pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from egard.kernel.registry.declarations import SCOPES, FieldClass, Permission, RoleType, Scope


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


def classes_of(roles: Iterable[str], declared: Mapping[str, RoleType]) -> frozenset[FieldClass]:
    """The classes of personal data that any of the roles sees. An unknown role (its journey is gone) sees nothing."""
    return frozenset(c for role in roles if role in declared for c in declared[role].sees)
