"""What the style says, and how alike the house writes: of what was sent, by team, channel, author, month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Avg, Case, CharField, Count, F, FloatField, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Cast, Concat, TruncMonth

from egard.base.refusal import NotFound
from egard.journeys.signature.models import Publication, Scored
from egard.journeys.signature.rules import PARTS
from egard.journeys.signature.rules.homogeneity import Group, Spread, spread, together
from egard.kernel.access.actors import Viewer
from egard.kernel.access.models import User
from egard.kernel.access.queries import staff_names
from egard.kernel.messages import queries as messages
from egard.kernel.messages.models import Message

CHECK = "signature.check"
FIGURES = "signature.figures"
PUBLISH = "signature.publish"
BY = ("team", "channel", "author", "month", "moment", "language")
GROUPS_MAX = 200
SHOWN_MAX = 100
_FIELDS: dict[str, Any] = {"team": F("team__name"), "month": TruncMonth("at")}


def visible(viewer: Viewer) -> QuerySet[Scored]:
    """The scores that the viewer may see: her own, those of her teams and of who works in them, of her sites, or all.
    Raises `NotAllowed`.
    """
    scope = viewer.require(FIGURES)
    found = Scored.objects.all()
    if scope == "all":
        return found
    hers = Q(author=str(viewer.actor))
    if scope == "own":
        return found.filter(hers)
    near = Q(teams__in=viewer.team_ids) | (Q(sites__in=viewer.site_ids) if scope == "site" else Q())
    actors = User.objects.filter(near).values_list(Concat(Value("user:"), Cast("pk", CharField())))
    return found.filter(hers | Q(team__in=viewer.team_ids) | Q(author__in=actors))


def publications(viewer: Viewer) -> QuerySet[Publication]:
    """What was published from the page, the latest first. Raises `NotAllowed`."""
    viewer.require(PUBLISH)
    return Publication.objects.order_by("-id")


@dataclass(frozen=True, slots=True)
class Figures:
    """Groups by their mean, the highest first; months in their order. `parts` are means over all."""

    by: str
    whole: Group
    parts: dict[str, float]
    groups: list[Group]
    spread: Spread


def figures(viewer: Viewer, *, by: str, since: datetime, until: datetime) -> Figures:
    """How alike the messages are that left from `since` to before `until`, grouped. Three queries at most."""
    by = by if by in BY else "team"
    sent = visible(viewer).filter(at__gte=since, at__lt=until)
    value = Cast("score", FloatField())
    rows = (
        sent.annotate(grouped=_FIELDS.get(by, F(by)))
        .values("grouped")
        .annotate(n=Count("id"), total=Sum(value), squares=Sum(value * value))
        .order_by("grouped")[:GROUPS_MAX]
    )
    names = staff_names(viewer) if by == "author" else {}
    groups = [Group(_name(by, row["grouped"], names), row["n"], row["total"], row["squares"]) for row in rows]
    means = sent.aggregate(**{part: Avg(part) for part in PARTS})
    if by != "month":
        groups.sort(key=lambda group: -group.mean)
    return Figures(by, together(groups), {part: means[part] or 0.0 for part in PARTS}, groups, spread(groups))


def _name(by: str, value: Any, names: dict[str, str]) -> str:
    if value is None:
        return ""
    return f"{value:%Y-%m}" if by == "month" else names.get(value, str(value))


def extremes(viewer: Viewer, *, most: bool, since: datetime, until: datetime, limit: int = 10) -> list[Scored]:
    """The messages that speak most of the client, or least: by the share of mentions that are hers, then by score.

    The caller logs the sight. One query.
    """
    both = F("client") + F("company")
    share = Case(
        When(client=0, company=0, then=Value(0.5)),
        default=Cast("client", FloatField()) / both,
        output_field=FloatField(),
    )
    sent = visible(viewer).filter(at__gte=since, at__lt=until).annotate(share=share).select_related("team")
    order = ("-share", "-score", "-id") if most else ("share", "score", "-id")
    return list(sent.order_by(*order)[: min(limit, SHOWN_MAX)])


def readable(viewer: Viewer, rows: list[Scored]) -> set[UUID]:
    """Of some scores, the messages whose words the viewer may read. One query."""
    if not viewer.can(messages.CONVERSE):
        return set()
    threads = [row.thread for row in rows if row.thread]
    held = set(messages.visible(viewer).filter(uuid__in=threads).values_list("uuid", flat=True))
    return {row.message for row in rows if row.thread in held}


def sent_message(viewer: Viewer, uuid: UUID) -> tuple[Scored, Message]:
    """One score with its message. Raises `NotAllowed`, `NotFound`, also where its words may not be read."""
    found = visible(viewer).select_related("team", "version").filter(message=uuid).first()
    if found is None or found.message not in readable(viewer, [found]):
        raise NotFound
    message = Message.objects.select_related("thread__person__root").filter(uuid=uuid).first()
    if message is None:
        raise NotFound
    return found, message
