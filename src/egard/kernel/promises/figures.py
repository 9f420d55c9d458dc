"""What is kept of promises: shares with how many they are of, by kind, place, team, channel and month.

A promise counts in the month in which it was due, once that moment has passed: so a share is of all that were due, and
none counts early because it was kept early. Released ones count for neither side.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import TruncMonth
from django.utils import formats
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from egard.base.figures import Share
from egard.kernel.access.actors import Viewer
from egard.kernel.access.models import Site, Team
from egard.kernel.promises.asked import Asked, narrowed
from egard.kernel.promises.facts import label_of
from egard.kernel.promises.models import COUNTED, Promise, Publication
from egard.kernel.promises.queries import COCKPIT, visible
from egard.kernel.registry import registry

By = Literal["kind", "site", "team", "channel", "month"]
BY: tuple[By, ...] = ("kind", "site", "team", "channel", "month")
PUBLISHED_MONTHS = 12
PUBLISHED_MIN = 20
"""Of fewer promises than this nothing is shown to all: a share of three could be a word on somebody."""


class Figure(Share):
    """So many kept of those that were due."""

    __slots__ = ()

    @property
    def kept(self) -> int:
        return self.hits

    @property
    def broken(self) -> int:
        return self.n - self.hits


def total(viewer: Viewer, asked: Asked, *, now: datetime) -> Figure:
    """All that the viewer asks for, together."""
    found = _due(visible(viewer, COCKPIT), asked, viewer, now).aggregate(n=Count("id"), kept=_KEPT)
    return Figure(found["kept"], found["n"])


def shares(viewer: Viewer, asked: Asked, by: By, *, now: datetime) -> list[Figure]:
    """By one thing, the largest first; months in their order. One query, and one for names."""
    return _shares(_due(visible(viewer, COCKPIT), asked, viewer, now), by)


def behind(viewer: Viewer, asked: Asked, *, now: datetime) -> QuerySet[Promise]:
    """The promises behind a figure, within the viewer's scope of figures."""
    return _due(visible(viewer, COCKPIT), asked, viewer, now)


@dataclass(frozen=True, slots=True)
class Published:
    """What anybody may see: nothing of a group that is too small."""

    whole: Figure
    kinds: list[Figure]
    sites: list[Figure]
    months: list[Figure]
    since: datetime

    @property
    def parts(self) -> list[tuple[Any, list[Figure]]]:
        return [
            (_("By what was promised"), self.kinds),
            (_("By place"), self.sites),
            (_("Month by month"), self.months),
        ]


def published(*, now: datetime) -> Published | None:
    """What is shown to all, of promises made to persons in the last year; None while the organisation shows nothing."""
    if not Publication.objects.filter(pk=1, is_on=True).exists():
        return None
    local = now.astimezone(ZoneInfo(settings.TIME_ZONE))
    year = local.year * 12 + local.month - 1 - PUBLISHED_MONTHS
    since = datetime(year // 12, year % 12 + 1, 1, tzinfo=ZoneInfo(settings.TIME_ZONE))
    portal = [kind.name for kind in registry.promises.values() if kind.portal]
    due = Promise.objects.filter(COUNTED, kind__in=portal, due_at__gte=since, due_at__lt=now)
    found = due.aggregate(n=Count("id"), kept=_KEPT)

    def told(by: By) -> list[Figure]:
        return [figure for figure in _shares(due, by) if figure.name and figure.n >= PUBLISHED_MIN]

    return Published(Figure(found["kept"], found["n"]), told("kind"), told("site"), told("month"), since)


_KEPT = Count("id", filter=Q(state="kept"))


def _due(found: QuerySet[Promise], asked: Asked, viewer: Viewer, now: datetime) -> QuerySet[Promise]:
    return narrowed(found, asked, viewer).filter(COUNTED, due_at__lt=now)


def _shares(found: QuerySet[Promise], by: By) -> list[Figure]:
    name: Any = F(by)
    if by == "month":
        name = TruncMonth("due_at", tzinfo=ZoneInfo(settings.TIME_ZONE))
    grouped = found.values(name=name).annotate(n=Count("id"), kept=_KEPT)
    rows = sorted(grouped.order_by("name" if by == "month" else "-n"), key=lambda row: row["name"] is None)
    labels = _labels(by, [row["name"] for row in rows])
    return [Figure(row["kept"], row["n"], labels.get(row["name"], ""), _named(row["name"])) for row in rows]


def _named(name: Any) -> str:
    if isinstance(name, datetime):
        return f"{name:%Y-%m}"
    return "" if name is None else str(name)


_kind_words = lazy(label_of, str)
_month_words = lazy(lambda first: formats.date_format(first, "F Y"), str)


def _labels(by: By, names: list[Any]) -> dict[Any, Any]:
    if by == "kind":
        return {name: _kind_words(name) for name in names}
    if by in ("site", "team"):
        model = Site if by == "site" else Team
        return dict(model.objects.filter(pk__in=[n for n in names if n]).values_list("pk", "name"))
    if by == "month":
        return {name: _month_words(name) for name in names}
    return {name: _named(name) for name in names}


def month_of(name: str) -> tuple[datetime, datetime]:
    """The first moments of a month (`2026-03`) and of the next, by the house's clock. Raises `ValueError`."""
    zone = ZoneInfo(settings.TIME_ZONE)
    first = datetime.strptime(name, "%Y-%m").replace(tzinfo=zone)
    return first, (first + timedelta(days=32)).replace(day=1)
