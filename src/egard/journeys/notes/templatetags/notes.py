"""A note as it is read: who is named stands out."""

from __future__ import annotations

import re
from typing import Any

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from egard.console.context import viewer_of
from egard.console.templatetags.egard import highlight
from egard.kernel.access.queries import staff_names

register = template.Library()
NAMED = re.compile(r"(@[^\W\d_][\w'’-]*(?: [^\W\d_a-zß-ÿ][\w'’-]*)*)")
"""An @ with a name: words that follow belong to it while they begin with a capital."""


@register.simple_tag
def note_text(text: Any, within: str = "") -> SafeString:
    """The text with each `@Name` set apart, and what was searched for marked."""
    parts = NAMED.split(str(text))
    return format_html_join(
        "",
        "{}{}{}",
        (
            (
                SafeString('<b class="named">' if at % 2 else ""),
                highlight(part, within),
                SafeString("</b>" if at % 2 else ""),
            )
            for at, part in enumerate(parts)
        ),
    )


@register.simple_tag(takes_context=True)
def author(context: Any, entry: Any) -> str:
    """Who wrote it, by name: one query for a page, however many notes."""
    request = context["request"]
    names = getattr(request, "_egard_names", None)
    if names is None:
        names = request._egard_names = staff_names(viewer_of(request))
    return names.get(entry.by, "")


@register.filter
def written_by(entry: Any, user: Any) -> bool:
    return entry.by == f"user:{user.pk}"
