"""Questions on sites, reasons, hosts and visits. The viewer comes first."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.db.models import Q, QuerySet

from egard.base.refusal import NotFound
from egard.journeys.visits.models import Reason, Resource, Shop, Visit
from egard.journeys.visits.offering import day_of
from egard.journeys.visits.rules import SHOWN
from egard.kernel.access.actors import Viewer

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


def of_day(viewer: Viewer, shop: Shop, day: date) -> list[Visit]:
    """Who is expected at a site on a date of its clock, by hour, who cancelled apart from them. Raises `NotAllowed`."""
    start, end = day_of(shop, day)
    return list(visits(viewer).filter(site=shop.site_id, starts_at__gte=start, starts_at__lt=end).order_by("starts_at"))


def may_hear(viewer: Viewer, of: str) -> bool:
    """Whether a page may follow who comes: everywhere, or at one of its own sites."""
    scope = viewer.scope(READ)
    return scope == "all" or (scope is not None and of in {str(site) for site in viewer.site_ids})
