"""What the portal's sign-in page tells of the demo: whom to be, and where the code is read. At this machine only."""

from __future__ import annotations

from typing import TypedDict

from django.http import HttpRequest
from django.urls import reverse

from egard.kernel.people.models import Identifier
from egard.site.demo import is_loaded
from egard.site.demo_accounts import is_at_this_machine

SHOWN = ("MH12346", "MH12380", "MH12408")
"""Clients who are shown, by their number."""


class Told(TypedDict):
    """Names with their addresses, and the page of the box."""

    addresses: list[tuple[str, str]]
    box: str


def told(request: HttpRequest) -> Told | None:
    """None where there is no demo, or the reader is elsewhere."""
    if not (is_loaded() and is_at_this_machine(request)):
        return None
    persons = Identifier.objects.filter(kind="customer_number", value__in=SHOWN).values("person")
    found = Identifier.objects.filter(kind="email", person__in=persons).select_related("person").order_by("person")
    return Told(addresses=[(row.person.name, row.value) for row in found], box=reverse("console:sent"))
