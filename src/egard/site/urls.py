"""All addresses of the product: the shells', then the journeys' own."""

from __future__ import annotations

from importlib.util import find_spec

from django.urls import include, path, re_path

from egard.console.accounts import no_mail
from egard.kernel.registry import registry
from egard.site.about import about_demo
from egard.site.front import front

handler404, handler403 = "egard.console.pages.not_found", "egard.console.pages.not_allowed"

urlpatterns = [
    path("", front),
    re_path(r"^accounts/(?:email|confirm-email)/", no_mail),  # before allauth's: addresses are given by administrators
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("about/demo/", about_demo, name="about_demo"),
    *[
        path("", include(f"egard.{shell}.urls"))
        for shell in ("api", "console", "portal")
        if find_spec(f"egard.{shell}.urls")
    ],
    *[path("", include(journey.pages)) for journey in registry.journeys.values() if journey.pages],
]
