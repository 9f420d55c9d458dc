"""What a journey may declare: frozen values, no behaviour of their own."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, TypeVar
from uuid import UUID

from egard.kernel.registry.authorities import Authority
from egard.kernel.registry.desk import Action, Composer, Worklist
from egard.kernel.registry.ledger import Check, Unit
from egard.kernel.registry.messages import MergeField, MessageCheck
from egard.kernel.registry.pages import CasePanel, LiveTopic, Mark, MenuItem, OpenItems, Panel, PortalItem
from egard.kernel.registry.promises import PromiseKind, PromiseListener

Scope = Literal["own", "team", "site", "all"]
SCOPES: tuple[Scope, ...] = ("own", "team", "site", "all")
"""How far a permission reaches, from the narrowest to the widest."""

Words = Any
"""A text for people: a string, or a lazily translated one."""


class FieldClass(StrEnum):
    """Classes of personal data. A role is allowed some of them; the others are not shown to it."""

    IDENTITY = "identity"  # names, language, customer number
    CONTACT = "contact"  # e-mail, phone, address
    HISTORY = "history"  # the timeline
    VALUE = "value"  # what the person spends
    CONSENT = "consent"
    SENSITIVE = "sensitive"  # health, HR, complaints about a person


class Personal:
    """Marks a field of a fact as personal: `Annotated[str, Personal()]`. Erasure redacts exactly these."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Personal()"


@dataclass(frozen=True, slots=True)
class Identifies:
    """Marks a field of a fact that identifies its person from then on: `Annotated[str, Identifies("order_number")]`.

    The kind must be one that is found by its ends (`IdentifierKind.search`): a person gathers many of them.
    """

    kind: str


@dataclass(frozen=True, slots=True)
class FactType:
    """A kind of fact: past tense, typed, versioned. `kind` is its public name, `purchases.made/1`."""

    name: str
    version: int
    type: type
    label: Words
    headline: Callable[[Mapping[str, Any]], Words] | None = None
    icon: str = "point"
    field_class: FieldClass = FieldClass.HISTORY
    tone: Literal["", "kept", "risk", "broken", "waiting"] = ""
    search_words: Words = ""
    """Words of its headline by which people look for it, beside its label."""
    private: bool = False
    """For staff alone: never shown to the person, and drawn apart."""
    template: str = ""
    """Drawn on the timeline in the place of the headline; gets `entry`."""

    @property
    def kind(self) -> str:
        return f"{self.name}/{self.version}"


T = TypeVar("T")


def fact(
    name: str,
    *,
    version: int = 1,
    label: Words,
    headline: Callable[[Mapping[str, Any]], Words] | None = None,
    icon: str = "point",
    field_class: FieldClass = FieldClass.HISTORY,
    tone: Literal["", "kept", "risk", "broken", "waiting"] = "",
    search_words: Words = "",
    private: bool = False,
    template: str = "",
) -> Callable[[type[T]], type[T]]:
    """Declare a frozen dataclass as a kind of fact.

    `headline` turns the stored data into the line that staff read on the timeline; without one the label is
    shown. `icon` is a name of the icon set. `search_words` are words of the headline by which it is found too.
    """

    def declare(cls: type[T]) -> type[T]:
        if not dataclasses.is_dataclass(cls) or not cls.__dataclass_params__.frozen:  # ty: ignore[missing-attribute]
            raise TypeError(f"the fact {name} must be a frozen dataclass")
        cls.__fact__ = FactType(  # ty: ignore[invalid-assignment]
            name=name,
            version=version,
            type=cls,
            label=label,
            headline=headline,
            icon=icon,
            field_class=field_class,
            tone=tone,
            search_words=search_words,
            private=private,
            template=template,
        )
        return cls

    return declare


@dataclass(frozen=True, slots=True)
class Reaction:
    """A subscription: what a journey does when facts arrive.

    `handle(facts)` receives a batch in log order, inside the transaction that also moves the cursor: its effects
    and the cursor commit together, so each fact is handled exactly once. Effects outside the database are not
    allowed here. `history` says what imported history means to it: `apply` (totals) or `skip` (messages).
    With `shards` above 1 the log is split by person and shards run side by side.
    """

    name: str
    facts: tuple[str, ...]
    handle: Callable[[list[Any]], None]
    history: Literal["apply", "skip"]
    shards: int = 1
    batch: int = 2000


@dataclass(frozen=True, slots=True)
class IdentifierKind:
    """A kind of identifier: `email`, `plate`. `normalise` returns the stored form or raises `ValueError` with a
    code of two or three words (`not_an_email`).

    `shared`: several living persons may have the same one (a family's phone). `reach`: one can write or call there.
    """

    name: str
    label: Words
    normalise: Callable[[str], str] = lambda value: value.strip()
    shared: bool = False
    reach: str = ""
    field_class: FieldClass = FieldClass.IDENTITY
    display: Callable[[str], str] = lambda value: value
    search: Literal["inside", "ends"] = "inside"
    """Found by any piece of it, or by its beginning and its end only: a person has a few phones, but hundreds of
    order numbers, and trigrams of those would outweigh everything else."""
    search_terms: Callable[[str], tuple[str, ...]] | None = None
    """The terms looked through for `inside` (the national form of a phone too); by default the value itself."""


@dataclass(frozen=True, slots=True)
class Permission:
    """Something that may be done or seen, and which roles may, how far, from the start: `{"agent": "all"}`."""

    name: str
    label: Words
    roles: Mapping[str, Scope] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RoleType:
    """A role of staff, and the classes of personal data that it sees."""

    name: str
    label: Words
    sees: frozenset[FieldClass] = frozenset()


@dataclass(frozen=True, slots=True)
class Importer:
    """A KIND of `egard import`. `fields` names what a map may fill, with a word on each; `load` is a dotted name of
    the function that takes the rows (see `egard.kernel.lifecycle.imports`).

    `guesses` are the words by which files of people head a field's column, folded, French and English, with commas
    between; of a field in `joins` several columns may be one. `permission` is what the import page asks for.
    """

    kind: str
    label: Words
    fields: Mapping[str, Words]
    required: tuple[str, ...]
    load: str
    guesses: Mapping[str, str] = field(default_factory=dict)
    joins: tuple[str, ...] = ()
    permission: str = "people.import"


@dataclass(frozen=True, slots=True)
class Job:
    """Work for later, or by a schedule: what reaches outside the database (sending, calling), and what is long.

    `run(now=…, **arguments)` is carried out by a worker at least once: one that was killed in the middle is run again,
    so it must be safe to run twice. After an exception it is tried again when each of `waits` (seconds) has passed;
    then it has failed, and is kept to be looked at. `every`: five fields of a crontab, in UTC. `alone`: never two of
    this name at once. A higher `priority` goes first.
    """

    name: str
    run: Callable[..., None]
    waits: tuple[int, ...] = (10, 60, 300, 1800, 7200)
    every: str = ""
    alone: bool = False
    priority: int = 0


@dataclass(frozen=True, slots=True)
class MessageKind:
    """A kind of message that goes out, and its texts as files.

    `template` names them below `templates/`: `portal/messages/code` has `code.fr.txt` and `code.en.txt`, whose first
    line is the subject, and, where plain paragraphs do not do, `code.fr.mjml` and `code.en.mjml` for the HTML.
    Short messages are `code.fr.sms.txt` and `code.en.sms.txt`, where there are such.
    `fields` are the merge fields, all of which each message gives. The body of a `secret` one (a code) is wiped as soon
    as it is of no use; until then it stands in the sandbox, for those who hold `permission` where one is named.
    """

    name: str
    label: Words
    template: str
    fields: tuple[str, ...] = ()
    secret: bool = False
    permission: str = ""


@dataclass(frozen=True, slots=True)
class Capability:
    """Something one journey can do for another, by name: `gestures.propose`. Called in the same transaction."""

    name: str
    call: Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Busy:
    """Time of staff that a journey gives away: `spans(users, since, until, now)` gives `(user, since, until)` of all
    that overlaps the period, as it is `now`. Whoever promises time of theirs asks for all of it (`kernel.access.busy`).
    `name` is the journey's.
    """

    name: str
    spans: Callable[..., Iterable[tuple[UUID, datetime, datetime]]]


@dataclass(frozen=True, slots=True)
class CaseTypeFile:
    """A type of case that a journey brings, as a file (see docs/cases.md); its name is that of the file.

    `migrate` publishes it once; what the house publishes under that name afterwards stays.
    """

    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class CaseListener:
    """Hears what happens to cases of some types, in the same transaction: `handler(held, events, now)`, after they are
    written; of each event what followed stands in its `then`. Not of work that was replayed.
    """

    types: tuple[str, ...]
    handler: Callable[..., None]


@dataclass(frozen=True, slots=True)
class Hooks:
    """What a kernel package or a journey does when persons are merged, exported, erased.

    `export(person)` returns plain data for the person's own copy. `erase(person, now)` redacts in place, leaves
    figures intact, and is safe to run twice. Of somebody who was merged both are called for each of her rows.

    A merge moves nothing: whoever reads with `person__in=person.members` follows it without a hook. `counts(viewer,
    person)` says what the preview shows as coming together: `[(label, number)]`, of all her rows. `merge(survivor,
    absorbed, now)` and `unmerge(survivor, absorbed, now)` are for what a person can have once only; both run in the
    transaction of the merge or its undoing, after it is written, and may refuse it. What `merge` writes `unmerge` takes
    back.
    """

    export: Callable[..., Any] | None = None
    erase: Callable[..., None] | None = None
    counts: Callable[..., Any] | None = None
    merge: Callable[..., None] | None = None
    unmerge: Callable[..., None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """One journey, whole: the only thing that the house reads of a folder."""

    name: str
    label: Words
    facts: tuple[type, ...] = ()
    reactions: tuple[Reaction, ...] = ()
    identifier_kinds: tuple[IdentifierKind, ...] = ()
    roles: tuple[RoleType, ...] = ()
    permissions: tuple[Permission, ...] = ()
    panels: tuple[Panel, ...] = ()
    case_panels: tuple[CasePanel, ...] = ()
    open: tuple[OpenItems, ...] = ()
    marks: tuple[Mark, ...] = ()
    live: tuple[LiveTopic, ...] = ()
    menu: tuple[MenuItem, ...] = ()
    worklists: tuple[Worklist, ...] = ()
    actions: tuple[Action, ...] = ()
    """Actions on persons; those of a list stand with the list."""
    composers: tuple[Composer, ...] = ()
    portal_menu: tuple[PortalItem, ...] = ()
    importers: tuple[Importer, ...] = ()
    jobs: tuple[Job, ...] = ()
    messages: tuple[MessageKind, ...] = ()
    message_checks: tuple[MessageCheck, ...] = ()
    merge_fields: tuple[MergeField, ...] = ()
    promises: tuple[PromiseKind, ...] = ()
    promise_listeners: tuple[PromiseListener, ...] = ()
    authorities: tuple[Authority, ...] = ()
    case_types: tuple[CaseTypeFile, ...] = ()
    case_listeners: tuple[CaseListener, ...] = ()
    units: tuple[Unit, ...] = ()
    """What its accounts count, where that is no currency."""
    checks: tuple[Check, ...] = ()
    """What must hold of its rows in a live database; `egard check` asks."""
    capabilities: tuple[Capability, ...] = ()
    busy: tuple[Busy, ...] = ()
    hooks: Hooks = Hooks()
    router: str = ""
    """Dotted name of a django-ninja router (`egard.journeys.purchases.api:router`), mounted under /api/v1/."""
    pages: str = ""
    """Dotted name of a urls module, mounted under /."""
