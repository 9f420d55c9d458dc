"""Questions on complaints. What may be seen of one is what may be seen of its case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import TruncMonth
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from egard.base.figures import Share
from egard.base.paging import Page, bounded, decode_cursor, encode_cursor, micros, moment_of
from egard.base.refusal import NotFound
from egard.journeys.complaints import rules
from egard.journeys.complaints.models import Complaint
from egard.journeys.complaints.rules import RuleSet
from egard.kernel.access.actors import Viewer
from egard.kernel.cases import queries as cases
from egard.kernel.cases import types
from egard.kernel.people.models import Person
from egard.kernel.people.queries import seen_as
from egard.kernel.promises.models import Promise
from egard.kernel.promises.queries import of_subject, of_whom
from egard.kernel.registry import registry

RECEIVE, FIGURES, DEFINE = "complaints.receive", "complaints.figures", "cases.define"
OPEN_MAX = 50


def complaints(
    viewer: Viewer, filters: Mapping[str, Any], *, limit: int = 50, cursor: str | None = None
) -> Page[Complaint]:
    """Within the viewer's scope, the latest first: one query. Filters: `status` (open, closed), `category`, `channel`,
    `person` (a Person).
    """
    limit = bounded(limit)
    found = _visible(viewer)
    if person := filters.get("person"):
        found = found.filter(case__person__in=person.members)
    for name, column in (("status", "case__status"), ("category", "category"), ("channel", "channel")):
        if filters.get(name):
            found = found.filter(**{column: filters[name]})
    if cursor:
        at, pk = decode_cursor(cursor, "complaints", int, int)
        found = found.filter(Q(received_at__lt=moment_of(at)) | Q(received_at=moment_of(at), pk__lt=pk))
    rows = list(found.order_by("-received_at", "-pk")[: limit + 1])
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(rows[:limit], encode_cursor("complaints", micros(last.received_at), last.pk) if last else None)


def _visible(viewer: Viewer) -> QuerySet[Complaint]:
    found = Complaint.objects.select_related("case__person__root", "case__owner", "case__team")
    return found if viewer.require(cases.READ) == "all" else found.filter(case__in=cases.visible(viewer))


def complaint(viewer: Viewer, uuid: UUID) -> Complaint:
    """One complaint by its public id, which is its case's. Raises `NotFound`."""
    found = _visible(viewer).filter(case__uuid=uuid).first()
    if found is None:
        raise NotFound
    return found


def open_complaints(viewer: Viewer, rows: Iterable[int]) -> QuerySet[Complaint]:
    """The open ones of several persons, by their rows, within the viewer's scope."""
    return _visible(viewer).filter(case__person__in=list(rows), case__status="open").order_by("received_at")


@dataclass(frozen=True, slots=True)
class Possible:
    """An open complaint that may be the same: how alike (0 to 1), and whether the order number is."""

    complaint: Complaint
    likeness: float
    same_order: bool


def possible(
    viewer: Viewer, person: Person | None, words: str, *, order_number: str = "", contact: str = ""
) -> list[Possible]:
    """The open complaints of a person (or of somebody with this contact), the likeliest first: one query.

    All of hers are shown, as she may well come about one of them; of several those that are alike stand first.
    """
    viewer.require(RECEIVE)
    found = _visible(viewer).filter(case__status="open").order_by("-received_at")
    if person is not None:
        found = found.filter(case__person__in=person.members)
    elif key := rules.contact_key(contact):
        found = found.filter(case__person=None, contact=key)
    else:
        return []
    told = []
    for row in found[:OPEN_MAX]:
        data = (row.case.snapshot or {}).get("data", {})
        text = f"{data.get('subject', '')} {data.get('words', '')}"
        told.append(
            Possible(row, rules.likeness(words, text), rules.same_number(order_number, data.get("order_number", "")))
        )
    return sorted(told, key=lambda one: (not one.same_order, -one.likeness))


def offers(viewer: Viewer, person: Person | None, order_number: str = "", *, now: datetime) -> list[Any]:
    """What may be given with a complaint that is settled at once, where gestures are known."""
    if person is None or not registry.has("gestures.offers"):
        return []
    return registry.call("gestures.offers", viewer, person, order_number=order_number, now=now)


# --- her own ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Own:
    """A complaint as the person herself reads it. `state`: received, acknowledged, answered, closed."""

    uuid: UUID
    subject: str
    words: str
    answer: str
    state: str
    received_at: datetime
    since: datetime
    promise: Promise | None
    """What we owe her on it now."""


def own(viewer: Viewer, person: Person) -> list[Own]:
    """Her complaints, the latest first, with what she is promised: two queries. Staff who see her file ask it too."""
    seen = seen_as(viewer, person)
    if viewer.actor.kind != "person":
        seen.require(cases.READ)
    elif viewer.actor.id != str(person.uuid):
        return []
    rows = list(
        Complaint.objects.filter(case__person__in=person.members)
        .select_related("case").order_by("-received_at")[:OPEN_MAX]
    )  # fmt: skip
    owed: dict[str, Promise] = {}
    kinds = ("complaints.acknowledge", "complaints.answer")
    for promise in of_whom(viewer, person).filter(kind__in=kinds, ended_at=None).order_by("-due_at"):
        owed[promise.subject.removeprefix("case:").partition("/")[0]] = promise
    return [_own(viewer, row, owed.get(str(row.case.uuid))) for row in rows]


def _own(viewer: Viewer, row: Complaint, promise: Promise | None) -> Own:
    data = cases.state_now(viewer, row.case).get("data", {})
    state, since = "received", row.received_at
    for name, at in (("acknowledged", row.acknowledged_at), ("answered", row.answered_at)):
        state, since = (name, at) if at else (state, since)
    if row.case.status == "closed":
        state, since = "closed", row.case.closed_at or since
    answer = data.get("answer", "") if state in ("answered", "closed") else ""
    return Own(
        row.case.uuid, data.get("subject", ""), data.get("words", ""), answer, state, row.received_at, since, promise
    )


def followed(viewer: Viewer, uuid: UUID) -> tuple[str, datetime, list[Promise]]:
    """Where a complaint stands, since when, and what is owed on it, without a word of what was said: for who holds its
    link. Raises `NotFound`.
    """
    row = complaint(viewer, uuid)
    told = _own(viewer, row, None)
    owed = of_subject(viewer, f"case:{uuid}/acknowledged", f"case:{uuid}/answered")
    return told.state, told.since, sorted((one for one in owed if one.ended_at is None), key=lambda one: one.due_at)


# --- figures ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Figures:
    """`once`: of the complaints whose 30 days have passed since their first closing, those that were settled in one
    contact and did not come back. `watched` were closed more lately.
    """

    received: int
    open: int
    watched: int
    once: Share
    by_category: tuple[Share, ...]
    by_channel: tuple[Share, ...]
    by_month: tuple[Share, ...]


_ONCE = Q(settled_at_once=True, contacts=1) & (Q(reopened_at=None) | Q(reopened_at__gt=F("closed_at") + rules.WATCHED))


def figures(viewer: Viewer, *, since: datetime | None = None, until: datetime | None = None, now: datetime) -> Figures:
    """Once and done, within the viewer's scope, of complaints received between two moments: five queries. Complaints
    that were joined to another count with that one.
    """
    scope = viewer.require(FIGURES)
    found = Complaint.objects.exclude(outcome="joined")
    if scope != "all":
        found = found.filter(case__in=cases.visible(viewer))
    found = found.filter(received_at__gte=since) if since else found
    found = found.filter(received_at__lt=until) if until else found
    judged = found.filter(closed_at__lte=now - rules.WATCHED)
    counts = found.aggregate(
        received=Count("pk"),
        open=Count("pk", filter=Q(case__status="open")),
        watched=Count("pk", filter=Q(closed_at__gt=now - rules.WATCHED)),
    )

    def shares(*by: Any, label: Any = str, **more: Any) -> tuple[Share, ...]:
        rows = judged.annotate(**more).values_list(*by).annotate(n=Count("pk"), hits=Count("pk", filter=_ONCE))
        return tuple(Share(row[2], row[1], label(row[0])) for row in rows.order_by(*by))

    total = judged.aggregate(n=Count("pk"), hits=Count("pk", filter=_ONCE))
    named = categories(viewer)
    return Figures(
        **counts,
        once=Share(total["hits"], total["n"]),
        by_category=shares("category", label=lambda name: named.get(name) or name or _("no category")),
        by_channel=shares("channel", label=lambda name: channels().get(name, name) or _("no channel")),
        by_month=shares("month", label=lambda month: date_format(month, "F Y"), month=TruncMonth("closed_at")),
    )


# --- what may be chosen -----------------------------------------------------------------------------------------------


def channels(viewer: Viewer | None = None) -> dict[str, str]:
    """By what complaints come most, in the reader's language."""
    return {"phone": _("Phone"), "shop": _("Shop"), "email": _("E-mail"), "post": _("Letter"), "web": _("Web"),
            "social": _("Social networks")}  # fmt: skip


def categories(viewer: Viewer) -> dict[str, str]:
    """The categories of the current type, in the reader's language."""
    field = types.defined(types.current(rules.TYPE)).data.get("category")
    language = get_language() or "en"
    return {name: text.said(language) for name, text in field.choices.items()} if field else {}


def said_of_it(viewer: Viewer) -> dict[str, str]:
    """What a person may say of a complaint that was settled at once: outcomes of the current type, in the reader's
    language.
    """
    outcomes, language = types.defined(types.current(rules.TYPE)).closing.outcomes, get_language() or "en"
    return {name: outcomes[name].said(language) for name in rules.SAID_OF_IT if name in outcomes}


def rule_sets(viewer: Viewer, folders: Iterable[Path]) -> list[RuleSet]:
    """The rule sets that ship, by name. They are no secret."""
    files = sorted(path for folder in folders for path in folder.glob("*.yaml"))
    return [rules.read_rules(path.read_text(encoding="utf-8")) for path in files]


def promised(viewer: Viewer) -> tuple[str, str]:
    """What complaints are promised now: within what they are acknowledged, within what answered."""
    clocks = types.defined(types.current(rules.TYPE)).promises
    return tuple(str(clocks[name].within) if name in clocks else "" for name in ("acknowledged", "answered"))  # type: ignore[return-value]
