"""The log's words: who looked, at what, through which door, and what changed in the house."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from egard.console import words
from egard.console.templatetags.egard import icon
from egard.kernel.access.audit import Looker
from egard.kernel.registry import registry

register = template.Library()
DRAWN = {"user": "user", "key": "key", "system": "settings", "person": "user-check"}


def looker_words(who: Looker) -> str:
    """A name; what somebody is, where there is none."""
    if who.kind == "system":
        return words.word(words.SYSTEM, who.name)
    if who.kind == "person":
        return _("the person herself")
    return who.name or (_("a key that is gone") if who.kind == "key" else _("somebody who is gone"))


@register.simple_tag
def looker(who: Looker) -> SafeString:
    return format_html(
        '<span class="looker">{}<span>{}</span></span>', icon(DRAWN.get(who.kind, "point")), looker_words(who)
    )


@register.filter
def sight_word(kind: str) -> str:
    return words.word(words.SIGHTS, kind)


@register.filter
def door_word(channel: str) -> str:
    return words.word(words.DOORS, channel)


@register.filter
def change_word(what: str) -> str:
    return words.word(words.CHANGES, what) if what in words.CHANGES else what


@register.filter
def staff_role_word(name: str) -> str:
    return str(registry.roles[name].label) if name in registry.roles else words.word({}, name)


@register.filter
def scope_word(scope: str) -> str:
    return words.word(words.SCOPES, scope)


@register.filter
def permission_word(name: str) -> str:
    return str(registry.permissions[name].label) if name in registry.permissions else name


@register.filter
def detail_words(sight: Any) -> str:
    """What a sight says besides its kind: what was searched for, which panel."""
    if sight.kind == "panel" and sight.detail in registry.panels:
        return str(registry.panels[sight.detail].label)
    if sight.kind in ("list", "audit", "export", "import") and sight.detail:
        return _("“%(text)s”") % {"text": sight.detail}
    return ""


@register.filter
def change_detail(row: Any) -> str:
    """The telling parts of a change, as words."""
    detail = row.detail
    parts = [
        str(registry.roles[detail["role"]].label) if detail.get("role") in registry.roles else detail.get("role", "")
    ]
    if detail.get("scope"):
        parts.append(words.word(words.SCOPES, detail["scope"]))
    parts += [str(detail[name]) for name in ("name", "email", "file", "kind") if detail.get(name)]
    return " · ".join(part for part in parts if part)


@register.filter
def change_subject(row: Any) -> str:
    """Whom or what a change is about: a name where the log's own detail does not say it already."""
    return "" if row.detail.get("name") or row.what == "access.user_created" else row.subject


@register.filter
def at_key(table: Any, key: Any) -> Any:
    """What a table holds at a key; nothing where there is no such key."""
    return table.get(key)
