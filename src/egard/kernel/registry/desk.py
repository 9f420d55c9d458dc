"""What a journey declares for the workbench of staff: lists of work, actions and their undoing, composers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from egard.base.ring import Ring

Words = Any
Tone = Literal["", "kept", "risk", "broken", "waiting"]


@dataclass(frozen=True, slots=True)
class WorkRow:
    """A row of a list. `id` names it for ever inside its list (letters, digits, `.:_-`); `person` stands in the last
    pane, and is whom actions on persons concern. `url` is what Enter opens: the person's page unless said otherwise.
    """

    id: str
    title: Words
    line: Words = ""
    person: UUID | None = None
    due_at: datetime | None = None
    tone: Tone = ""
    url: str = ""
    ring: Ring | None = None
    """A promise: it counts down in the place of `due_at`."""


@dataclass(frozen=True, slots=True)
class WorkItem:
    """What opens beside the list: a template of the journey's (it gets `context` as `work`, and `now`), then those whom
    it concerns. Two persons without a template stand side by side.
    """

    persons: tuple[UUID, ...] = ()
    template: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)
    url: str = ""
    without: tuple[str, ...] = ()
    """Names of the list's actions that mean nothing for this row."""


@dataclass(frozen=True, slots=True)
class Done:
    """What an action did: the words of the toast, and the former state of each thing that changed, by its id.

    `former` is plain JSON, kept for a day. What it says of a person must stand under her public id: erasure takes it
    from there.
    """

    said: Words
    former: Mapping[str, Any] = field(default_factory=dict)
    url: str = ""
    """Where to go on with what it made."""


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: Words
    hint: Words = ""


@dataclass(frozen=True, slots=True)
class Asks:
    """The one thing that an action asks before it runs. `choices(viewer, q, now)` gives at most some twenty, found by
    `q`; `day` is the label of one more choice, any day of the calendar, sent as `2026-03-29`.
    """

    label: Words
    choices: Callable[..., Sequence[Choice]]
    day: Words = ""


@dataclass(frozen=True, slots=True)
class Action:
    """Something done to rows of a list, or to persons (`on="person"`: then also on the person's page).

    `run(viewer, ids, *, choice, now)` does it to all of `ids` in one transaction, leaves out those that the viewer may
    not change, and answers `Done`. `undo(viewer, former, *, now)` restores each that nobody changed since, and answers
    the ids restored; an action without it keeps no former state. Pages and the palette call the same operation.
    """

    name: str
    label: Words
    permission: str
    run: Callable[..., Done]
    undo: Callable[..., Collection[str]] | None = None
    key: str = ""
    icon: str = "point"
    asks: Asks | None = None
    on: Literal["row", "person"] = "row"
    bulk: bool = True
    listed: bool = True
    """Offered in the palette and above lists; an action that a page offers in its own place is not."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter of a list: a text, or one of `choices(viewer)`; `none` is what holds while nothing is chosen. With
    `tabs` the choices stand above the list, and the first of them holds while none is chosen.
    """

    name: str
    label: Words
    choices: Callable[..., Sequence[Choice]] | None = None
    none: Words = ""
    tabs: bool = False


@dataclass(frozen=True, slots=True)
class Worklist:
    """A list that staff work through; declaring one gives the page with its panes, keys, palette, bulk actions,
    snooze, saved views and undo.

    `rows(viewer, *, filters, now, limit, cursor)` returns a `Page` of `WorkRow` with a constant number of queries;
    `filters` holds the declared names that were filled, and `order` where there are `orders` (the first one holds by
    default).
    `count(viewer, *, filters, now, most)` counts them up to `most`. `item(viewer, id, now)` returns what opens beside
    the list; without it a row's id is a person's public id. Raises `NotFound` for a row that is not the viewer's.
    """

    name: str
    label: Words
    permission: str
    icon: str
    rows: Callable[..., Any]
    item: Callable[..., WorkItem] | None = None
    count: Callable[..., int] | None = None
    actions: tuple[Action, ...] = ()
    filters: tuple[Filter, ...] = ()
    orders: tuple[Choice, ...] = ()
    empty: Words = ""
    """What an empty list teaches."""
    key: str = ""
    """`g` then this key goes there."""
    url_name: str = ""
    """A page of its own in the place of the common one."""
    live: tuple[str, ...] = ()
    """Topics on which an open list is asked for again; `user` is the viewer's own."""
    snoozes: bool = True
    """Rows can be put off; not where the list is a register and not work."""
    puts_off: Action | None = None
    """How rows are put off, where that concerns everybody and not the viewer alone."""
    order: int = 100


@dataclass(frozen=True, slots=True)
class Composer:
    """A place to write on the person's page and in the last pane, opened by a key.

    `template` gets `person`, `now` and `composer`, and stands in a form of its own; it costs no query.
    """

    name: str
    label: Words
    permission: str
    template: str
    key: str = ""
    icon: str = "edit"
    order: int = 100
