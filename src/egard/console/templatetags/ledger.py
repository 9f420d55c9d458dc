"""Accounts and entries in words."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from egard.kernel.ledger import units
from egard.kernel.ledger.sweeping import SOURCE

register = template.Library()
KINDS: dict[str, Any] = {
    "asset": gettext_lazy("What we have"),
    "liability": gettext_lazy("What we owe"),
    "income": gettext_lazy("Income"),
    "expense": gettext_lazy("Costs"),
    "equity": gettext_lazy("Own funds"),
}
_CASE = "case:"


@register.simple_tag
def amount(value: int, unit: str) -> str:
    """An amount as the reader's language writes it: `12,50 €`, `1 200 points`."""
    return units.words(value, unit)


@register.simple_tag
def change(value: int, unit: str) -> str:
    """The same with its sign before what came."""
    words = units.words(value, unit)
    return f"+{words}" if value > 0 else words


@register.simple_tag
def account_name(account: Any) -> str:
    """An account as people call it: its name, whose it is, or its code."""
    person = account.person and (account.person.root or account.person)
    return account.name or (person.name if person else "") or account.code


@register.filter
def unit_word(unit: str) -> str:
    return units.label(unit)


@register.filter
def kind_words(kind: str) -> str:
    return str(KINDS.get(kind, kind))


@register.simple_tag
def entry_words(entry: Any) -> SafeString | str:
    """Why it moved: the reason that was given, what it corrects or what ended; and the case that it is about."""
    said = entry.reason
    if not said and entry.reverses:
        said = _("Taken back")
    elif not said and entry.by == f"system:{SOURCE}":
        said = _("Its time was over")
    if entry.subject.startswith(_CASE):
        url = reverse("console:case", args=[entry.subject.removeprefix(_CASE).partition("/")[0]])
        return format_html('{} <a href="{}">{}</a>', said, url, _("Case"))
    return said
