"""Signed addresses of visits: who holds one sees and changes that visit, without an account."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID

from django.conf import settings
from django.core import signing

from egard.base.refusal import NotFound
from egard.journeys.visits.models import Visit
from egard.journeys.visits.models_told import Waiting
from egard.journeys.visits.rules import SHOWN

OWN = "egard.visits.own"
WAITING = "egard.visits.waiting"


def own_link(visit: Visit, root: str = "") -> str:
    """Where who comes changes or cancels her visit; `root` is where the house is reached, if no setting says so."""
    return f"{settings.URL or root}/p/visits/own/{signed(visit.uuid, OWN)}/"


def opened(token: str) -> Visit:
    """The visit of such an address. Raises `NotFound`, also for what was held and never booked."""
    held = Visit.objects.select_related("site", "reason", "person", "host")
    found = held.filter(uuid=unsigned(token, OWN), state__in=SHOWN).first()
    if found is None:
        raise NotFound
    return found


def waiting_link(waiting: Waiting, root: str = "") -> str:
    """Where who waits takes what is offered to her, lets it go, or leaves the list."""
    return f"{settings.URL or root}/p/visits/waiting/{signed(waiting.uuid, WAITING)}/"


def waiting_opened(token: str) -> Waiting:
    """Who waits, of such an address. Raises `NotFound`."""
    held = Waiting.objects.select_related("reason", "person", "offer__site", "offer__host")
    found = held.filter(uuid=unsigned(token, WAITING)).first()
    if found is None:
        raise NotFound
    return found


def signed(uuid: UUID, salt: str) -> str:
    """Short enough for a short message."""
    return signing.Signer(salt=salt).sign(urlsafe_b64encode(uuid.bytes).decode().rstrip("="))


def unsigned(token: str, salt: str) -> UUID:
    """Raises `NotFound` for what we did not sign."""
    try:
        return UUID(bytes=urlsafe_b64decode(signing.Signer(salt=salt).unsign(token) + "=="))
    except (signing.BadSignature, ValueError) as error:
        raise NotFound from error
