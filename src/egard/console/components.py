"""The component page: every part of the interface in its states, drawn by what the pages themselves use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from egard.base.clock import utc_now
from egard.console import tokens
from egard.console.pages import staff_page
from egard.console.samples import samples

SIDES = ("light", "dark")


@dataclass(frozen=True, slots=True)
class Part:
    """A section of the page: its template draws it once on light, once on dark."""

    name: str
    label: Any

    @property
    def template(self) -> str:
        return f"console/design/_{self.name}.html"


PARTS = (
    Part("rings", _("The promise ring")),
    Part("meanings", _("Meanings")),
    Part("buttons", _("Buttons")),
    Part("fields", _("Fields")),
    Part("notices", _("Notices, refusals, nothing yet")),
    Part("rows", _("Rows of a list")),
    Part("history", _("What happened")),
    Part("blocks", _("Blocks and panels")),
    Part("words", _("Dates, money, figures")),
    Part("menus", _("Menus and choices")),
)


@require_GET
@staff_page
def components(request: HttpRequest) -> HttpResponse:
    """For any staff: it shows nothing of anybody."""
    now, colours = utc_now(), tokens.colours()
    context = {
        "now": now,
        "parts": PARTS,
        "sides": [samples(side, now) for side in SIDES],
        "colours": [(name, *pair) for name, pair in colours.items()],
        "contrasts": [
            (text, ground, *(tokens.contrast(colours[text][i], colours[ground][i]) for i in (0, 1)))
            for text, ground in tokens.PAIRS
        ],
        "types": tokens.lengths("type"),
        "spaces": tokens.lengths("space"),
    }
    return render(request, "console/design/page.html", context)
