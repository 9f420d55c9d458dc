"""The address `/`: staff begin in the console, a person in her own space."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from egard.console.pages import home
from egard.portal.pages import HERE_COOKIE

console = cast(Callable[[HttpRequest], HttpResponse], home)


def front(request: HttpRequest) -> HttpResponse:
    """To the space of who is signed in there and not as staff; else the console's beginning, or its sign-in."""
    if request.method == "GET" and not request.user.is_authenticated and request.COOKIES.get(HERE_COOKIE):
        return redirect("portal:home")
    return console(request)
