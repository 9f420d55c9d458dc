"""Finding journeys, and holding what they declare."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterable, Iterator
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import Any

from egard.base.calendars import BadSpan, Span
from egard.kernel.registry.authorities import Authority
from egard.kernel.registry.declarations import (
    SCOPES,
    Busy,
    Capability,
    CaseListener,
    CaseTypeFile,
    FactType,
    Hooks,
    IdentifierKind,
    Importer,
    Job,
    Journey,
    MessageKind,
    Permission,
    Reaction,
    RoleType,
)
from egard.kernel.registry.desk import Action, Composer, Worklist
from egard.kernel.registry.ledger import Check, Unit
from egard.kernel.registry.messages import MergeField, MessageCheck
from egard.kernel.registry.pages import CasePanel, LiveTopic, Mark, MenuItem, OpenItems, Panel, PortalItem
from egard.kernel.registry.promises import PromiseKind, PromiseListener

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_DOTTED = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
ENTRY_POINTS = "egard.journeys"


class DeclarationError(Exception):
    """A declaration that contradicts itself or another; raised at start, names both sides."""


def find_journeys() -> list[str]:
    """The packages of all journeys: ours (`egard.journeys.*`) and outsiders' (entry points), by name.

    Nothing is imported: settings call this to list the applications.
    """
    folder = find_spec(ENTRY_POINTS)
    places = (folder.submodule_search_locations or ()) if folder else ()
    ours = [f"{ENTRY_POINTS}.{m.name}" for m in pkgutil.iter_modules(places) if m.ispkg]
    theirs = [point.module.rpartition(".")[0] or point.module for point in entry_points(group=ENTRY_POINTS)]
    return sorted(ours) + sorted(set(theirs) - set(ours))


class Registry:
    """All declarations of all journeys, by name. Loaded once, when the applications are ready."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.journeys: dict[str, Journey] = {}
        self.facts: dict[str, FactType] = {}
        self.fact_of: dict[type, FactType] = {}
        self.reactions: dict[str, Reaction] = {}
        self.identifier_kinds: dict[str, IdentifierKind] = {}
        self.roles: dict[str, RoleType] = {}
        self.permissions: dict[str, Permission] = {}
        self.panels: dict[str, Panel] = {}
        self.case_panels: dict[str, CasePanel] = {}
        self.open: dict[str, OpenItems] = {}
        self.marks: dict[str, Mark] = {}
        self.live: dict[str, LiveTopic] = {}
        self.menu: list[MenuItem] = []
        self.worklists: dict[str, Worklist] = {}
        self.actions: dict[str, Action] = {}
        self.composers: dict[str, Composer] = {}
        self.portal_menu: list[PortalItem] = []
        self.importers: dict[str, Importer] = {}
        self.jobs: dict[str, Job] = {}
        self.messages: dict[str, MessageKind] = {}
        self.message_checks: dict[str, MessageCheck] = {}
        self.merge_fields: dict[str, MergeField] = {}
        self.promises: dict[str, PromiseKind] = {}
        self.promise_listeners: list[PromiseListener] = []
        self.authorities: dict[str, Authority] = {}
        self.case_listeners: tuple[CaseListener, ...] = ()
        self.case_types: dict[str, CaseTypeFile] = {}
        self.units: dict[str, Unit] = {}
        self.checks: dict[str, Check] = {}
        self.capabilities: dict[str, Capability] = {}
        self.busy: dict[str, Busy] = {}
        self.hooks: dict[str, Hooks] = {}
        self.owner_of: dict[tuple[str, str], str] = {}

    def load(self, packages: Iterable[str]) -> None:
        """Import `journey.py` of each package and add what it declares; a second load changes nothing."""
        for package in packages:
            module = importlib.import_module(f"{package}.journey")
            declared = getattr(module, "journey", None)
            if not isinstance(declared, Journey):
                raise DeclarationError(f"{package}/journey.py must define `journey = Journey(...)`")
            if declared.name not in self.journeys:
                self.add(declared)
        self.check()

    def add(self, journey: Journey) -> None:
        """Add one declaration. The kernel's own packages declare themselves the same way."""
        if not _NAME.fullmatch(journey.name):
            raise DeclarationError(f"a journey's name is a short lower-case word, not {journey.name!r}")
        if journey.name in self.journeys:
            raise DeclarationError(f"two journeys are named {journey.name}")
        self.journeys[journey.name] = journey
        for cls in journey.facts:
            declared = getattr(cls, "__fact__", None)
            if declared is None:
                raise DeclarationError(f"{journey.name}: {cls.__name__} is not declared by @fact")
            self._dotted(journey, declared.name)
            self._put("fact", self.facts, declared.kind, declared, journey)
            self.fact_of[cls] = declared
        for word, held, declared_ones, is_dotted in self._named(journey):
            for one in declared_ones:
                if is_dotted:
                    self._dotted(journey, one.name)
                self._put(word, held, one.name, one, journey)
        for importer in journey.importers:
            self._put("importer", self.importers, importer.kind, importer, journey)
        self._add_units(journey)
        for field in journey.merge_fields:
            if not _NAME.fullmatch(field.name):
                raise DeclarationError(f"{journey.name}: a merge field is a lower-case word, not {field.name!r}")
        self.promise_listeners += journey.promise_listeners
        self.case_listeners += journey.case_listeners
        self.menu = sorted([*self.menu, *journey.menu], key=lambda item: item.order)
        self.portal_menu = sorted([*self.portal_menu, *journey.portal_menu], key=lambda item: item.order)
        self.hooks[journey.name] = journey.hooks

    def _named(self, journey: Journey) -> Iterator[tuple[str, dict[str, Any], Iterable[Any], bool]]:
        """What is held by its name: what it is called, where it is held, those declared, and whether their names begin
        with that of the journey.
        """
        puts_off = (one.puts_off for one in journey.worklists if one.puts_off)
        of_lists = (action for one in journey.worklists for action in one.actions)
        yield "reaction", self.reactions, journey.reactions, True
        yield "identifier kind", self.identifier_kinds, journey.identifier_kinds, False
        yield "role", self.roles, journey.roles, False
        yield "permission", self.permissions, journey.permissions, True
        yield "panel", self.panels, journey.panels, False
        yield "case panel", self.case_panels, journey.case_panels, False
        yield "open items", self.open, journey.open, False
        yield "mark", self.marks, journey.marks, False
        yield "live topic", self.live, journey.live, False
        yield "action", self.actions, (*journey.actions, *of_lists, *puts_off), True
        yield "worklist", self.worklists, journey.worklists, False
        yield "composer", self.composers, journey.composers, False
        yield "job", self.jobs, journey.jobs, True
        yield "message", self.messages, journey.messages, True
        yield "message check", self.message_checks, journey.message_checks, True
        yield "merge field", self.merge_fields, journey.merge_fields, False
        yield "promise", self.promises, journey.promises, True
        yield "authority", self.authorities, journey.authorities, True
        yield "case type", self.case_types, journey.case_types, False
        yield "check", self.checks, journey.checks, True
        yield "capability", self.capabilities, journey.capabilities, True
        yield "busy time", self.busy, journey.busy, False

    def _add_units(self, journey: Journey) -> None:
        for unit in journey.units:
            # A currency's code is three capitals: no unit is mistaken for one.
            if not _NAME.fullmatch(unit.name) or not 0 <= unit.decimals <= 6:
                raise DeclarationError(f"{journey.name}: a unit is a lower-case word, not {unit.name!r}")
            self._put("unit", self.units, unit.name, unit, journey)

    def check(self) -> None:
        """What can only be seen once all journeys are in: names that refer to others."""
        for permission in self.permissions.values():
            for role, scope in permission.roles.items():
                if role not in self.roles:
                    raise DeclarationError(f"permission {permission.name} names the unknown role {role}")
                if scope not in SCOPES:
                    raise DeclarationError(f"permission {permission.name}: {scope} is no scope")
        for asking in (
            *self.panels.values(),
            *self.case_panels.values(),
            *self.open.values(),
            *self.marks.values(),
            *self.worklists.values(),
            *self.actions.values(),
            *self.composers.values(),
            *self.promises.values(),
        ):
            if asking.permission not in self.permissions:
                raise DeclarationError(f"{asking.name} asks for the unknown permission {asking.permission}")
        for importer in self.importers.values():
            if importer.permission not in self.permissions:
                raise DeclarationError(f"{importer.kind} asks for the unknown permission {importer.permission}")
        for authority in self.authorities.values():
            for role in authority.roles:
                if role not in self.roles:
                    raise DeclarationError(f"the authority {authority.name} names the unknown role {role}")
        for kind in self.promises.values():
            self._readable(kind)
        for worklist in self.worklists.values():
            self._keys_once(f"the worklist {worklist.name}", worklist.actions)
        self._keys_once("the person's page", ())

    def _keys_once(self, where: str, actions: Iterable[Action]) -> None:
        """A single key means one thing: the desk's own, what concerns persons, and a list's actions."""
        meant = dict.fromkeys("gjkuxz", "the desk")
        for one in (*(a for a in self.actions.values() if a.on == "person"), *self.composers.values(), *actions):
            if one.key and meant.setdefault(one.key, one.name) != one.name:
                raise DeclarationError(f"on {where} the key {one.key} means {meant[one.key]} and {one.name}")

    def _readable(self, kind: PromiseKind) -> None:
        """The amounts of time that a kind of promise names are some, and whom it tells exists."""
        try:
            for words in filter(None, (kind.within, *kind.warnings, *(e.after for e in kind.escalation))):
                Span.parse(words)
        except BadSpan as error:
            raise DeclarationError(f"the promise {kind.name}: {error}") from error
        for told in (one for escalation in kind.escalation for one in escalation.to):
            role = told.removeprefix("role:")
            if told not in ("owner", "team", "lead") and (role == told or role not in self.roles):
                raise DeclarationError(f"the promise {kind.name} tells {told}, which is nobody")

    def call(self, capability: str, *args: Any, **kwargs: Any) -> Any:
        """Call another journey's capability; ask `has` first, and hide the feature where it is absent."""
        return self.capabilities[capability].call(*args, **kwargs)

    def has(self, capability: str) -> bool:
        return capability in self.capabilities

    def ordered_panels(self) -> Iterator[Panel]:
        return iter(sorted(self.panels.values(), key=lambda panel: (panel.order, panel.name)))

    def _dotted(self, journey: Journey, name: str) -> None:
        if not _DOTTED.fullmatch(name) or name.split(".")[0] != journey.name:
            raise DeclarationError(f"{journey.name}: {name!r} must be a dotted name that begins with the journey's own")

    def _put(self, what: str, table: dict[str, Any], name: str, value: Any, journey: Journey) -> None:
        if name in table:
            other = self.owner_of[what, name]
            raise DeclarationError(f"the {what} {name} is declared by {other} and by {journey.name}")
        table[name] = value
        self.owner_of[what, name] = journey.name


registry = Registry()
"""The registry of this process."""
