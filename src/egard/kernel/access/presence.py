"""Who else looks at something, or has a form of it filled. One row an open tab, for as long as it gives signs of life.

A tab that closes takes its row with it; one that crashed, or whose machine sleeps, is swept `GONE_AFTER` later by the
one look that each web process takes at all of them: no job, no timer a row.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from egard.kernel.access.actors import Viewer
from egard.kernel.access.live import PRESENCE, allowed, root_of, tell
from egard.kernel.access.models import Presence

GONE_AFTER = timedelta(seconds=15)
"""Since its web process last said that the tab listens."""
SILENT_AFTER = timedelta(seconds=45)
"""Since the tab itself last said that it is there: a sleeping machine's connection looks open for a long time."""
SHOWN_MAX = 20


@dataclass(frozen=True, slots=True)
class Present:
    """A colleague who is there. `typing`: with a form filled and not sent."""

    id: UUID
    name: str
    typing: bool

    @property
    def initials(self) -> str:
        """Two letters at most: of the first word and of the last."""
        words = self.name.replace("-", " ").split("@")[0].split()
        return "".join(word[0] for word in (words if len(words) < 2 else [words[0], words[-1]])).upper()


@transaction.atomic
def come(viewer: Viewer, topic: str, *, tab: UUID, stream: UUID, now: datetime) -> None:
    """A tab of the viewer's opened on `topic`, or came back by another stream."""
    topic = root_of(topic)
    values = {"user_id": viewer.user_id, "topic": topic, "stream": stream, "seen_at": now, "alive_at": now}
    Presence.objects.update_or_create(tab=tab, defaults=values, create_defaults={**values, "came_at": now})
    tell(PRESENCE + topic)


@transaction.atomic
def give_sign(viewer: Viewer, tab: UUID, *, typing: bool, now: datetime) -> None:
    """The tab is alive; somebody types there, or not any more. A tab that is not known is not there."""
    row = Presence.objects.select_for_update().filter(tab=tab, user=viewer.user_id).first()
    if row is None:
        return
    changed = row.typing != typing
    row.typing, row.alive_at = typing, now
    row.save(update_fields=["typing", "alive_at"])
    if changed:
        tell(PRESENCE + row.topic)


def keep(streams: Collection[UUID], *, now: datetime) -> None:
    """These streams are open in this process: their tabs are there, but for those that are silent. One statement."""
    if streams:
        Presence.objects.filter(stream__in=streams, alive_at__gt=now - SILENT_AFTER).update(seen_at=now)


@transaction.atomic
def leave(streams: Collection[UUID]) -> None:
    """These streams ended. A tab that came back by another one meanwhile stays."""
    if streams:
        _forget(Presence.objects.select_for_update().filter(stream__in=streams))


@transaction.atomic
def sweep(*, now: datetime) -> None:
    """Forget the tabs of which nobody heard for `GONE_AFTER`; any process does it for all."""
    _forget(Presence.objects.select_for_update(skip_locked=True).filter(seen_at__lt=now - GONE_AFTER))


def _forget(rows: QuerySet[Presence]) -> None:
    """Rows are locked first: none of them comes back between being read and being deleted."""
    gone = dict(rows.values_list("tab", "topic"))
    if gone:
        Presence.objects.filter(tab__in=gone).delete()
        tell(*(PRESENCE + topic for topic in gone.values()))


def present(viewer: Viewer, topic: str, *, now: datetime) -> list[Present]:
    """The others who are there, those who came first before; each once, however many tabs. Raises `NotFound`."""
    (topic,) = allowed(viewer, [topic])
    rows = (
        Presence.objects.filter(topic=topic, seen_at__gte=now - GONE_AFTER)
        .exclude(user=viewer.user_id)
        .select_related("user")
        .order_by("came_at", "tab")
    )
    found: dict[UUID, Present] = {}
    for row in rows:
        before = found.get(row.user_id)
        found[row.user_id] = Present(row.user_id, str(row.user), row.typing or bool(before and before.typing))
    return list(found.values())[:SHOWN_MAX]
