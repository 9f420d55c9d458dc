"""What gestures do: the effort they ask of clients, how many have the use of them, and what they make up for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, Max, Q
from django.utils.translation import get_language

from egard.base.figures import Share
from egard.journeys.gestures import catalogues, queries, uses
from egard.journeys.gestures.models import Catalogue, Gesture
from egard.kernel.access.actors import Viewer
from egard.kernel.promises.models import Promise
from egard.kernel.registry import registry

FIGURES = "gestures.figures"
WATCHED = timedelta(days=30)
"""For so long after it was given it is watched whether the client had the use of it: only then it is judged."""
PERIOD = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Effort:
    """A kind of gesture with a number of steps: how many were given, and of those judged the share that was used within
    30 days: a credit once some of it was spent, a voucher once it was shown, what was promised once it was delivered.
    """

    kind: str
    title: str
    steps: int
    given: int
    watched: int
    used: Share


@dataclass(frozen=True, slots=True)
class Figures:
    effort: tuple[Effort, ...]
    repaired: Share
    """Of the promises to persons that were broken, those that a gesture made up for."""


def figures(viewer: Viewer, *, now: datetime) -> Figures:
    """Over the last twelve months, within the viewer's scope: four questions. Raises `NotAllowed`."""
    return Figures(effort=tuple(_effort(viewer, now)), repaired=_repaired(viewer, now))


def _effort(viewer: Viewer, now: datetime) -> list[Effort]:
    given = queries.visible(viewer, FIGURES).filter(state="granted", granted_at__gt=now - PERIOD)
    judged = Q(granted_at__lte=now - WATCHED)
    used = judged & Q(first_used_at__lte=F("granted_at") + WATCHED)
    rows = given.annotate(first_used_at=uses.first_used()).values("kind", "steps").annotate(
        given=Count("pk"), n=Count("pk", filter=judged), used=Count("pk", filter=used), catalogue=Max("catalogue")
    )  # fmt: skip
    found = list(rows.order_by("steps", "kind"))
    versions = Catalogue.objects.filter(pk__in={row["catalogue"] for row in found}).values_list("pk", "version")
    held = {pk: catalogues.of(pk, version) for pk, version in versions}
    language = get_language() or "en"
    told = []
    for row in found:
        kind = held[row["catalogue"]].kinds.get(row["kind"])
        title = kind.title.said(language) if kind else row["kind"]
        share = Share(row["used"], row["n"], title, row["kind"])
        told.append(Effort(row["kind"], title, row["steps"], row["given"], row["given"] - row["n"], share))
    return told


def _repaired(viewer: Viewer, now: datetime) -> Share:
    """Promises that a person was made and that were broken; those of the queue of gestures are between colleagues."""
    kinds = [kind.name for kind in registry.promises.values() if kind.portal]
    broken = Promise.objects.filter(state="broken", due_at__gt=now - PERIOD, due_at__lte=now, kind__in=kinds)
    broken = broken.filter(person__isnull=False)
    if viewer.require(FIGURES) in ("own", "team"):
        broken = broken.filter(team__in=viewer.team_ids)
    elif viewer.require(FIGURES) == "site":
        broken = broken.filter(site__in=viewer.site_ids)
    made_up = Gesture.objects.filter(repairs__isnull=False, state="granted").values("repairs")
    told = broken.aggregate(n=Count("pk"), hits=Count("pk", filter=Q(uuid__in=made_up)))
    return Share(told["hits"], told["n"])
