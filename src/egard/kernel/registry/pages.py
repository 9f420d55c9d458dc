"""What a journey declares for the frames of pages: panels, what is open with a person, menus, what lives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

from egard.base.ring import Ring

Words = Any


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel of the person's page: at most one query, loaded after the first paint.

    `context(person, viewer, now)` returns what the template needs, or None when there is nothing to show;
    `data(person, viewer, now)` returns the same for `overview` as JSON.
    """

    name: str
    label: Words
    template: str
    context: Callable[..., Mapping[str, Any] | None]
    data: Callable[..., Mapping[str, Any] | None]
    permission: str
    order: int = 100


@dataclass(frozen=True, slots=True)
class PanelAct:
    """What a panel is opened for: a button near the top of the case, and a key, press what bears
    `data-press="panel-<name>"` in the panel. For whoever holds `permission`.
    """

    label: Words
    key: str
    icon: str
    permission: str


@dataclass(frozen=True, slots=True)
class CasePanel:
    """A part of the page of a case that a journey draws: `url_name` names an address of the journey's that takes the
    case's public id as `uuid`; it is asked for after the first paint, and answers 404 for one that is not the viewer's.
    With `of_person` it stands only where the person is known.
    """

    name: str
    label: Words
    url_name: str
    permission: str
    of_person: bool = True
    order: int = 100
    act: PanelAct | None = None


@dataclass(frozen=True, slots=True)
class OpenItem:
    """Something that is not finished with a person: a line of words, by when, and its meaning."""

    label: Words
    due_at: datetime | None = None
    tone: Literal["", "kept", "risk", "broken", "waiting"] = ""
    ring: Ring | None = None
    """A promise: it shows with the time that is left."""
    url: str = ""
    """Where one works on it."""
    says_when: bool = False
    """Its words say when: `due_at` is not said beside them."""


@dataclass(frozen=True, slots=True)
class OpenItems:
    """What a journey has open with a person: `items(person, viewer, now)`, one query, most urgent first.

    `portal`: the person herself sees these too, in words that are for her.
    """

    name: str
    permission: str
    items: Callable[..., list[OpenItem]]
    portal: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """What whoever receives somebody should know first: an open complaint, a broken promise. `of(viewer, rows, now)`
    gives `(row, OpenItem)` for the rows of persons that have one, as far as the viewer may see it: one query.
    """

    name: str
    permission: str
    of: Callable[..., Iterable[tuple[int, OpenItem]]]


@dataclass(frozen=True, slots=True)
class LiveTopic:
    """What an open page may follow: `person` for `person:<uuid>` and its parts (`person:<uuid>/facts`).

    `may_hear(viewer, of)` answers, by the same questions as the pages, whether this viewer may know that it changed;
    `of` is what stands behind the colon, or nothing. Operations say that it did with `access.live.tell`. With `portal`
    a person may ask for it in her own space, and is the viewer then. What is `fleeting` is of no use a moment later,
    and told to nobody who was away.
    """

    name: str
    may_hear: Callable[[Any, str], bool]
    portal: bool = False
    fleeting: bool = False


MenuPart: TypeAlias = Literal["work", "writing", "steering", "house"]


@dataclass(frozen=True, slots=True)
class MenuItem:
    label: Words
    url_name: str
    icon: str
    permission: str
    order: int = 100
    key: str = ""
    """`g` then this key goes there."""
    part: MenuPart = "work"
    """Where in the menu: the work of the day, writing, what managers steer by, the house itself."""
    waits: str = ""
    """The address of a part that says how many wait there for the viewer (`console/components/waits.html`), on every
    page, and again when one of `topics` is told; whoever holds `permission` may hear of these.
    """
    topics: str = ""


@dataclass(frozen=True, slots=True)
class PortalItem:
    """A page of the person's own space, in its menu; `words` says in a line what is there.

    The page is one of the journey's `pages`, below `/me/`, inside `egard.portal.pages.portal_page`.
    """

    label: Words
    words: Words
    url_name: str
    icon: str
    order: int = 100


@dataclass(frozen=True, slots=True)
class Reception:
    """Who answers a person who writes to us in her own space now. The capability `reach.reception` gives it, called
    with `(person, thread, chosen, now)`: `thread` where she goes on with one, `chosen` what she said of whom she would
    like.

    `assignee` (a user, or None for whoever is first) sees to what she writes, `instead` of who did before; she is
    answered by `due_at`, or as chats are. `template` says so to her, with `context`, and anew when one of `topics` is
    told.
    """

    template: str
    context: Mapping[str, Any]
    topics: tuple[str, ...] = ()
    assignee: Any = None
    instead: bool = False
    due_at: datetime | None = None
