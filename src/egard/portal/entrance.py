"""Signing in: the address, the code, and who one is where an address is shared."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from egard.base import browsers
from egard.base.clock import utc_now
from egard.base.refusal import Refusal
from egard.kernel.people.models import Person
from egard.kernel.people.operations import BadIdentifier
from egard.portal import operations, rules
from egard.portal.models import Code
from egard.portal.pages import (
    ASKING_COOKIE,
    COOKIE,
    HERE_COOKIE,
    back_to,
    demo_of,
    forget,
    forget_session,
    keep,
    language_of,
    me,
    open_page,
    place_of,
    portal_page,
    render,
)
from egard.portal.refusals import TooManyCodes, WrongCode

ASKING_SECONDS = int((rules.CODE_LIVES + rules.CHOICE_LIVES) / timedelta(seconds=1))


@require_http_methods(["GET", "POST"])
@open_page
def sign_in(request: HttpRequest) -> HttpResponse:
    """Ask for the address. The answer is the same whether somebody has it or not."""
    following = request.POST.get("next") or request.GET.get("next", "")
    if me(request):
        return back_to(request, following)
    typed = request.POST.get("email", "").strip()[:320]
    refusal: Refusal | None = None
    if request.method == "POST":
        secret = operations.new_secret()
        try:
            operations.ask_code(
                typed, browser=secret, place=place_of(request), language=language_of(request, None), now=utc_now()
            )
        except (BadIdentifier, TooManyCodes) as error:
            refusal = error
        else:
            response = HttpResponseRedirect(f"{reverse('portal:code')}?{urlencode({'next': following})}")
            keep(response, ASKING_COOKIE, secret, seconds=ASKING_SECONDS)
            return response
    context = {"typed": typed, "next": following, "refusal": refusal, "demo": demo_of(request)}
    return render(request, "sign_in", context, status=refusal.status if refusal else 200)


def _asked(request: HttpRequest) -> Code | None:
    """What this browser asked for, as long as it may still be of use."""
    secret = request.COOKIES.get(ASKING_COOKIE, "")
    held = Code.objects.filter(browser=operations.sha(secret), purpose="sign_in", ended_at=None) if secret else None
    return held.first() if held else None


@require_http_methods(["GET", "POST"])
@open_page
def code(request: HttpRequest) -> HttpResponse:
    """Type the code. Whatever is wrong with it is said in the same words."""
    now, following = utc_now(), request.POST.get("next") or request.GET.get("next", "")
    asked = _asked(request)
    if asked is None:
        return redirect("portal:sign_in")
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            redeemed = operations.redeem(
                request.POST.get("code", ""), browser=request.COOKIES.get(ASKING_COOKIE, ""), now=now
            )
            persons = operations.whom(redeemed)
            if len(persons) == 1:
                return _welcome(request, redeemed, persons[0], following)
            return HttpResponseRedirect(f"{reverse('portal:who')}?{urlencode({'next': following})}")
        except WrongCode as error:
            refusal = error
            asked.refresh_from_db()
    left = max(0, rules.GUESSES_MAX - asked.guesses) if asked.expires_at > now and asked.used_at is None else 0
    context = {"address": asked.address, "next": following, "refusal": refusal, "left": left, "demo": demo_of(request)}
    return render(request, "code", context, status=refusal.status if refusal else 200)


@require_http_methods(["GET", "POST"])
@open_page
def who(request: HttpRequest) -> HttpResponse:
    """After the code: which of those who share the address one is."""
    following = request.POST.get("next") or request.GET.get("next", "")
    asked = _asked(request)
    if asked is None or asked.used_at is None:
        return redirect("portal:sign_in")
    persons = operations.whom(asked)
    chosen = request.POST.get("who", "")
    if request.method == "POST":
        person = next((one for one in persons if str(one.uuid) == chosen), None)
        if person is None:
            raise WrongCode
        return _welcome(request, asked, person, following)
    return render(request, "who", {"persons": persons, "next": following})


def _welcome(request: HttpRequest, redeemed: Code, person: Person, following: str) -> HttpResponse:
    device = browsers.device(request.headers.get("User-Agent", ""))
    secret = operations.open_session(redeemed, person, device=device, now=utc_now())
    response = back_to(request, following)
    seconds = int(rules.LIFETIME / timedelta(seconds=1))
    keep(response, COOKIE, secret, seconds=seconds)
    keep(response, HERE_COOKIE, "1", seconds=seconds, path="/")
    forget(response, ASKING_COOKIE)
    return response


@require_POST
@portal_page
def sign_out(request: HttpRequest) -> HttpResponse:
    """Here only."""
    operations.end_session(me(request).person, me(request).session.uuid, now=utc_now())
    response = redirect("portal:sign_in")
    forget_session(response)
    return response
