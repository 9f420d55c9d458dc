"""Declarations and hook points. No models: only what a journey says of itself, loaded and checked at start."""

from egard.kernel.registry.declarations import (
    SCOPES,
    Capability,
    FactType,
    FieldClass,
    Hooks,
    IdentifierKind,
    Importer,
    Journey,
    MenuItem,
    Panel,
    Permission,
    Personal,
    Reaction,
    RoleType,
    Scope,
    fact,
)
from egard.kernel.registry.loading import DeclarationError, Registry, find_journeys, registry

__all__ = [
    "SCOPES",
    "Capability",
    "DeclarationError",
    "FactType",
    "FieldClass",
    "Hooks",
    "IdentifierKind",
    "Importer",
    "Journey",
    "MenuItem",
    "Panel",
    "Permission",
    "Personal",
    "Reaction",
    "Registry",
    "RoleType",
    "Scope",
    "fact",
    "find_journeys",
    "registry",
]
