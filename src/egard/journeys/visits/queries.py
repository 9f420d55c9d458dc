"""Questions on sites, reasons, hosts and visits. The viewer comes first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from egard.base.paging import Page, decode_cursor, encode_cursor, micros, moment_of
from egard.base.refusal import NotFound
from egard.journeys.visits.models import Reason, Resource, Rota, Shop, Visit
from egard.journeys.visits.offering import day_of
from egard.journeys.visits.rules import SHOWN
from egard.kernel.access.actors import Viewer
from egard.kernel.access.models import Site
from egard.kernel.people.models import Person

READ, BOOK, RECEIVE, MANAGE = "visits.read", "visits.book", "visits.receive", "visits.manage"
FIGURES = "visits.figures"


def shops(viewer: Viewer, permission: str = READ) -> QuerySet[Shop]:
    """The sites where the viewer sees who is expected (or what `permission` says), by name. Raises `NotAllowed`."""
    scope = viewer.require(permission)
    found = Shop.objects.select_related("site").order_by("site__name", "pk")
    return found if scope == "all" else found.filter(site__in=viewer.site_ids)


def shop(viewer: Viewer, site: UUID, permission: str = READ) -> Shop:
    """One. Raises `NotAllowed`, `NotFound`."""
    found = shops(viewer, permission).filter(pk=site).first()
    if found is None:
        raise NotFound
    return found


def reasons(viewer: Viewer) -> QuerySet[Reason]:
    """What people come for, that is booked. Raises `NotAllowed`."""
    viewer.require(READ)
    return Reason.objects.filter(ended_at__isnull=True).order_by("code")


def reason(viewer: Viewer, code: str) -> Reason:
    """One, by its code. Raises `NotAllowed`, `NotFound`."""
    found = reasons(viewer).filter(code=code).first()
    if found is None:
        raise NotFound
    return found


def hosts(viewer: Viewer, shop: Shop) -> QuerySet[Resource]:
    """Who receives at a site, by name. Raises `NotAllowed`."""
    viewer.require(READ)
    found = Resource.objects.filter(rotas__site=shop.site_id, rotas__skills__isnull=False, ended_at__isnull=True)
    return found.filter(user__is_active=True).select_related("user").distinct().order_by("user__name", "pk")


def rotas(viewer: Viewer, shop: Shop) -> list[Rota]:
    """Who receives at a site, with her hours there and what for, by name: two queries. Raises `NotAllowed`."""
    viewer.require(READ)
    found = Rota.objects.filter(site=shop.site_id, resource__ended_at__isnull=True, resource__user__is_active=True)
    with_all = found.select_related("resource__user").prefetch_related("skills__reason")
    return [row for row in with_all.order_by("resource__user__name", "pk") if row.skills.all()]


def rooms(viewer: Viewer, site: Site) -> list[Resource]:
    """The rooms and tools of a site, by name. Raises `NotAllowed`."""
    viewer.require(READ)
    return list(Resource.objects.filter(site=site, ended_at__isnull=True).order_by("name", "pk"))


def visits(viewer: Viewer, permission: str = READ) -> QuerySet[Visit]:
    """The visits that the viewer sees: of her sites, her own, or all. Raises `NotAllowed`."""
    scope = viewer.require(permission)
    found = Visit.objects.filter(state__in=SHOWN).select_related("site", "reason", "person", "host")
    if scope == "all":
        return found
    own = Q(host=viewer.user_id) if viewer.user_id else Q(pk__in=())
    return found.filter(own if scope == "own" else own | Q(site__in=viewer.site_ids))


def visit(viewer: Viewer, uuid: UUID, permission: str = READ) -> Visit:
    """One. Raises `NotAllowed`, `NotFound`."""
    found = visits(viewer, permission).filter(uuid=uuid).first()
    if found is None:
        raise NotFound
    return found


@dataclass(frozen=True, slots=True)
class Asked:
    """Which visits: of a site, a person, an adviser, in a state, that begin from a moment on, and before another."""

    site: UUID | None = None
    person: Person | None = None
    adviser: UUID | None = None
    state: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def listed(viewer: Viewer, asked: Asked, *, limit: int, cursor: str | None = None) -> Page[Visit]:
    """Visits by their hour: one query. Raises `NotAllowed`, `UnknownCursor`."""
    found = visits(viewer)
    wanted = {
        "site": asked.site, "host": asked.adviser, "state": asked.state, "starts_at__gte": asked.since,
        "starts_at__lt": asked.until, "person__in": asked.person.members if asked.person else None,
    }  # fmt: skip
    found = found.filter(**{name: value for name, value in wanted.items() if value is not None})
    if cursor:
        position, pk = decode_cursor(cursor, "visits", int, int)
        at = moment_of(position)
        found = found.filter(Q(starts_at__gt=at) | Q(starts_at=at, pk__gt=pk))
    rows = list(found.order_by("starts_at", "pk")[: limit + 1])
    more = len(rows) > limit
    return Page(
        rows[:limit], encode_cursor("visits", micros(rows[limit - 1].starts_at), rows[limit - 1].pk) if more else None
    )


def of_day(viewer: Viewer, shop: Shop, day: date) -> list[Visit]:
    """Who is expected at a site on a date of its clock, by hour, who cancelled apart from them. Raises `NotAllowed`."""
    start, end = day_of(shop, day)
    return list(
        visits(viewer).filter(site=shop.site_id, starts_at__gte=start, starts_at__lt=end).order_by("starts_at", "pk")
    )


def may_hear(viewer: Viewer, of: str) -> bool:
    """Whether a page may follow who comes: that somebody does somewhere, or at one of its own sites."""
    scope = viewer.scope(READ)
    return scope == "all" or (scope is not None and (not of or of in {str(site) for site in viewer.site_ids}))
