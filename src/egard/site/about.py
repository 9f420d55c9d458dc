"""The page that says what of the demo is real."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from egard.base.refusal import NotFound
from egard.console.pages import staff_page
from egard.site import demo, demo_staff


@require_GET
@staff_page
def about_demo(request: HttpRequest) -> HttpResponse:
    """What was loaded, when, and by how many weeks its dates were moved. Not found where there is no demo."""
    loaded = demo.loaded()
    if loaded is None:
        raise NotFound
    told = {"loaded": loaded, "brand": demo.BRAND, "sites": demo_staff.SITES.values(), "staff": len(demo_staff.STAFF)}
    return render(request, "site/about_demo.html", told)
