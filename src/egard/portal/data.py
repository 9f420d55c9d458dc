"""My data: what is held, corrected by herself; her copy; her erasure."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from egard.base.clock import utc_now
from egard.base.refusal import Refusal
from egard.kernel.lifecycle.operations import export_person
from egard.kernel.people.operations import BadIdentifier
from egard.portal import operations, own, queries, rules
from egard.portal.models import Code
from egard.portal.pages import COOKIE, forget_session, language_of, me, open_page, place_of, portal_page, render
from egard.portal.refusals import TooManyCodes, WrongCode


@require_GET
@portal_page
def data(request: HttpRequest) -> HttpResponse:
    """All that is held on her, with what she can correct."""
    reader = me(request)
    return render(request, "data", {"held": queries.held_on(reader.viewer, reader.person)})


def _form(request: HttpRequest, template: str, change: Callable[[], str | None], **context: Any) -> HttpResponse:
    """A page with one form: what it changes is said on the page of her data; a refusal stands beside what was typed."""
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            said = change()
        except Refusal as error:
            refusal = error
        else:
            if said:
                messages.success(request, said)
            return redirect("portal:data")
    shown = {**context, "refusal": refusal, "typed": request.POST if refusal else None}
    return render(request, template, shown, status=refusal.status if refusal else 200)


@require_http_methods(["GET", "POST"])
@portal_page
def name(request: HttpRequest) -> HttpResponse:
    """Correct how she is called."""

    def change() -> str | None:
        typed = {field: request.POST.get(field, "") for field in ("given_name", "family_name")}
        return _("Your name is corrected.") if own.correct(me(request).person, typed, now=utc_now()) else None

    return _form(request, "name", change, person=me(request).person)


@require_http_methods(["GET", "POST"])
@portal_page
def address(request: HttpRequest) -> HttpResponse:
    """Correct where letters reach her."""

    def change() -> str | None:
        typed = {field: request.POST.get(field, "") for field in ("address", "country")}
        return _("Your address is corrected.") if own.correct(me(request).person, typed, now=utc_now()) else None

    return _form(request, "address", change, person=me(request).person)


@require_http_methods(["GET", "POST"])
@portal_page
def phone(request: HttpRequest) -> HttpResponse:
    """Add a phone number."""

    def change() -> str | None:
        own.add_phone(me(request).person, request.POST.get("phone", ""), now=utc_now())
        return _("Your number is added.")

    return _form(request, "phone", change)


@require_POST
@portal_page
def phone_removal(request: HttpRequest) -> HttpResponse:
    """Take a phone number away."""
    own.remove_phone(me(request).person, request.POST.get("phone", ""), now=utc_now())
    messages.success(request, _("Your number is removed."))
    return redirect("portal:data")


@require_http_methods(["GET", "POST"])
@portal_page
def email(request: HttpRequest) -> HttpResponse:
    """Another e-mail address: a code goes there first."""
    reader = me(request)
    typed = request.POST.get("email", "").strip()[:320]
    replaces = request.POST.get("replaces") or request.GET.get("replaces", "")
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            operations.ask_code(
                typed,
                browser=request.COOKIES[COOKIE],
                place=place_of(request),
                language=language_of(request, reader.person),
                purpose="address",
                person=reader.person,
                replaces=replaces,
                now=utc_now(),
            )
        except (BadIdentifier, TooManyCodes) as error:
            refusal = error
        else:
            return redirect("portal:email_code")
    context = {"replaces": replaces, "typed": typed, "refusal": refusal}
    return render(request, "email", context, status=refusal.status if refusal else 200)


@require_http_methods(["GET", "POST"])
@portal_page
def email_code(request: HttpRequest) -> HttpResponse:
    """Type the code that came to the new address; from then on it is hers."""
    reader, secret, now = me(request), request.COOKIES[COOKIE], utc_now()
    asked = Code.objects.filter(
        browser=operations.sha(secret), purpose="address", person__in=reader.person.members, ended_at=None
    ).first()
    if asked is None:
        return redirect("portal:email")
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            redeemed = operations.redeem(request.POST.get("code", ""), browser=secret, purpose="address", now=now)
            taken = own.take_address(reader.person, redeemed, now=now)
        except WrongCode as error:
            refusal = error
            asked.refresh_from_db()
        else:
            messages.success(request, _("We now write to you at %(address)s.") % {"address": taken})
            return redirect("portal:data")
    left = max(0, rules.GUESSES_MAX - asked.guesses) if asked.expires_at > now and asked.used_at is None else 0
    context = {"address": asked.address, "refusal": refusal, "left": left}
    return render(request, "email_code", context, status=refusal.status if refusal else 200)


@require_http_methods(["GET", "POST"])
@portal_page
def copy(request: HttpRequest) -> HttpResponse:
    """Everything held on her, as a file."""
    reader = me(request)
    if request.method == "GET":
        return render(request, "copy")
    held = export_person(reader.viewer, reader.person, now=utc_now())
    response = HttpResponse(
        json.dumps(held, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2), content_type="application/json"
    )
    response["Content-Disposition"] = f'attachment; filename="{_("my-data")}.json"'
    return response


@require_http_methods(["GET", "POST"])
@portal_page
def erasure(request: HttpRequest) -> HttpResponse:
    """Erase her, once she typed the word. Then there is nobody to be signed in."""
    reader, word = me(request), _("ERASE")
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            own.erase_myself(reader.person, request.POST.get("word", ""), expected=word, now=utc_now())
        except Refusal as error:
            refusal = error
        else:
            response = redirect("portal:erased")
            forget_session(response)
            return response
    context = {"word": word, "refusal": refusal}
    return render(request, "erasure", context, status=refusal.status if refusal else 200)


@require_GET
@open_page
def erased(request: HttpRequest) -> HttpResponse:
    """What was done, and the end."""
    return render(request, "erased")
