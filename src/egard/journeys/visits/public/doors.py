"""By which door somebody comes to the pages of booking: openly, in her own space, or within another site."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt

from egard.base.ids import new_id
from egard.base.refusal import Refusal
from egard.journeys.visits.public.holding import place_hash
from egard.journeys.visits.refusals import FormOver
from egard.kernel.people.models import Person
from egard.portal import pages as portal

View = Callable[..., HttpResponse]
FORM = "egard.visits.form"
LIVES = timedelta(hours=12)
"""So long a form is good, and what was chosen in it is known again."""
COOKIE = "egard_visit"
PATHS = {"open": "/p/visits/", "mine": "/me/visits/"}


@dataclass(slots=True)
class Door:
    """Who books: herself in her own space (`person`), or anybody. `origin`: of the site that frames the page; nothing
    where none does. `form` names what she fills in, so that it is one booking however often it is sent.
    """

    person: Person | None
    origin: str
    language: str
    form: UUID
    place: str

    def url(self, name: str, *args: Any, **query: Any) -> str:
        """The address of a page of booking by this door; what stays with it (`name` is `shops`, `times`…)."""
        told = urlencode({key: value for key, value in {**query, **dict(self.kept)}.items() if value})
        address = reverse(f"visits:{'my' if self.person else 'open'}_{name}", args=args)
        return f"{address}?{told}" if told else address

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What each address carries within another site, where there are no cookies."""
        return [("embed", self.origin), ("language", self.language), ("f", self.token)] if self.origin else []

    @property
    def token(self) -> str:
        """Stands in each form in the place of a cookie against forged requests: frames have none."""
        return signing.dumps([self.form.hex, _whose(self.person)], salt=FORM)

    @property
    def path(self) -> str:
        return PATHS["mine" if self.person else "open"]


def door_of(request: HttpRequest) -> Door:
    """By which door a request comes."""
    return request._egard_door  # type: ignore[attr-defined]


def booking_page(view: View) -> View:
    """A page of booking for anybody. A post carries the token of the form that it was sent from, or is refused."""

    @wraps(view)
    def page(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        origin = asked_origin(request)
        wished = request.GET.get("language", "") if origin else ""
        language = wished if wished in dict(settings.LANGUAGES) else translation.get_language() or "fr"
        with translation.override(language):
            response = _answered(view, request, Door(None, origin, language, new_id(), ""), *args, **kwargs)
        response.headers["Content-Language"] = language
        return framed(response, origin) if origin else response

    return csrf_exempt(portal.open_page(page))


def own_page(view: View) -> View:
    """The same in somebody's own space."""

    @wraps(view)
    def page(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        door = Door(portal.me(request).person, "", translation.get_language() or "fr", new_id(), "")
        return _answered(view, request, door, *args, **kwargs)

    return portal.portal_page(page)


def asked_origin(request: HttpRequest) -> str:
    """The site that says that it frames a page, where the house lists it (`EGARD_EMBED`); nothing else is framed."""
    told = request.GET.get("embed", "")
    parts = urlsplit(told)
    if parts.scheme not in ("https", "http") or not parts.netloc or told != f"{parts.scheme}://{parts.netloc}":
        return ""
    return told if told in settings.EMBED_ORIGINS else ""


def framed(response: HttpResponse, origin: str) -> HttpResponse:
    """An answer that a site may show within its own pages; no other may."""
    response.xframe_options_exempt = True  # type: ignore[attr-defined]
    response._csp_replace = {"frame-ancestors": [origin]}  # type: ignore[attr-defined]
    return response


def forget_form(response: HttpResponse, door: Door) -> HttpResponse:
    """It is booked: what comes next is another visit."""
    portal.forget(response, COOKIE, path=door.path)
    return response


def shown(request: HttpRequest, template: str, context: dict[str, Any], refusal: Refusal | None = None) -> HttpResponse:
    """A page of booking; with `refusal` it says so beside what was typed."""
    told = {"door": door_of(request), "refusal": refusal, **context}
    response = portal.render(request, f"visits/{template}", told, status=refusal.status if refusal else 200)
    if refusal is not None:
        response.headers["X-Egard-Refusal"] = refusal.code
    return response


# --- inside --------------------------------------------------------------------------------------------------------


def _answered(view: View, request: HttpRequest, door: Door, *args: object, **kwargs: object) -> HttpResponse:
    request._egard_door = door  # type: ignore[attr-defined]
    door.place = place_hash(str(door.person.uuid) if door.person else portal.place_of(request))
    kept = request.GET.get("f", "") if door.origin else request.COOKIES.get(COOKIE, "")
    try:
        if request.method == "POST":
            door.form = _read(request.POST.get("form", ""), door.person)
        elif kept:
            try:
                door.form = _read(kept, door.person)
            except FormOver:
                kept = ""
        response = view(request, *args, **kwargs)
    except Refusal as refusal:
        response = shown(request, "refused", {"start": door.url("shops")}, refusal)
    if request.method == "GET" and not door.origin and not kept:
        portal.keep(response, COOKIE, door.token, seconds=int(LIVES.total_seconds()), path=door.path)
    return response


def _read(token: str, person: Person | None) -> UUID:
    """Raises `FormOver`: not ours, of somebody else, or of yesterday."""
    try:
        form, whose = signing.loads(token, salt=FORM, max_age=LIVES)
        if whose == _whose(person):
            return UUID(form)
    except (signing.BadSignature, ValueError, TypeError):
        pass
    raise FormOver


def _whose(person: Person | None) -> str:
    return str(person.uuid) if person else ""
