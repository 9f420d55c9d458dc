"""What may be asked of a list of promises, and the page that answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from egard.base.paging import Page, bounded, decode_cursor, encode_cursor, micros, moment_of
from egard.kernel.access.actors import Viewer
from egard.kernel.promises.models import OUTSTANDING, Promise

RELATED = ("owner", "team", "site", "person__root", "calendar")


@dataclass(frozen=True, slots=True)
class Asked:
    """Which promises a list shows. `states`: some of `open paused kept broken released`; `owed`: what is still owed.
    `scope`: `own`, `team`, `site` or nothing, for as far as the viewer sees.
    """

    states: tuple[str, ...] = ()
    owed: bool = False
    kinds: tuple[str, ...] = ()
    owner: UUID | None = None
    team: UUID | None = None
    site: UUID | None = None
    channel: str | None = None
    subject: str = ""
    due_from: datetime | None = None
    due_before: datetime | None = None
    scope: str = ""
    told: bool = False
    """Only those of which the viewer was told by an escalation."""


def narrowed(found: QuerySet[Promise], asked: Asked, viewer: Viewer) -> QuerySet[Promise]:
    """Of some promises those that are asked for."""
    if asked.owed:
        found = found.filter(OUTSTANDING)
    if asked.states:
        found = found.filter(state__in=asked.states)
    for name, value in (
        ("kind__in", list(asked.kinds)),
        ("owner", asked.owner),
        ("team", asked.team),
        ("site", asked.site),
        ("subject", asked.subject),
        ("due_at__gte", asked.due_from),
        ("due_at__lt", asked.due_before),
    ):
        if value:
            found = found.filter(**{name: value})
    if asked.channel is not None:
        found = found.filter(channel=asked.channel)
    if asked.scope == "own":
        found = found.filter(owner=viewer.user_id)
    elif asked.scope == "team":
        found = found.filter(team__in=viewer.team_ids)
    elif asked.scope == "site":
        found = found.filter(site__in=viewer.site_ids)
    if asked.told:
        found = found.filter(pk__in=Promise.objects.filter(notices__user=viewer.user_id).values("pk"))
    return found


def paged(found: QuerySet[Promise], *, limit: int, cursor: str | None) -> Page[Promise]:
    """A page of some promises, the nearest due moment first."""
    found = found.select_related(*RELATED).order_by("due_at", "id")
    if cursor:
        due, pk = decode_cursor(cursor, "promises", int, int)
        found = found.filter(Q(due_at__gt=moment_of(due)) | Q(due_at=moment_of(due), id__gt=pk))
    limit = bounded(limit)
    rows = list(found[: limit + 1])
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(rows[:limit], encode_cursor("promises", micros(last.due_at), last.pk) if last else None)
