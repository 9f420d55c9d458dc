"""Wrong codes of vouchers are counted, by who types them and by where: codes are not found by trying."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q

from egard.journeys.gestures.models import WrongCode
from egard.journeys.gestures.refusals import TooManyWrongCodes
from egard.kernel.access.actors import Viewer
from egard.portal.operations import keyed

WRONG_MAX = 20
WITHIN = timedelta(minutes=10)


def _place(place: str) -> bytes:
    return keyed("gestures.place", place.encode())


def require_room(viewer: Viewer, place: str, *, now: datetime) -> None:
    """That neither she nor her place tried too many wrong codes lately: one question, before a code is looked at, so
    that a right one is not told either. `place` is a network address. Raises `TooManyWrongCodes`.
    """
    lately = WrongCode.objects.filter(at__gt=now - WITHIN)
    for who in (Q(actor=str(viewer.actor)), Q(place=_place(place))):
        last = list(lately.filter(who).order_by("-at").values_list("at", flat=True)[:WRONG_MAX])
        if len(last) == WRONG_MAX:
            raise TooManyWrongCodes(seconds=max(1, -((now - WITHIN - last[-1]) // timedelta(seconds=1))))


def note(viewer: Viewer, place: str, *, now: datetime) -> None:
    """One more wrong code. Which one is not kept; nor is any of this beyond its time."""
    WrongCode.objects.filter(at__lte=now - WITHIN).delete()
    WrongCode.objects.create(actor=str(viewer.actor), place=_place(place), at=now)
