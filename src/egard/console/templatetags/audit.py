"""The log's words: who looked, at what, through which door, and what changed in the house."""

from __future__ import annotations

from datetime import datetime, time
from decimal import Decimal
from typing import Any

from babel.numbers import format_decimal
from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from egard.console import words
from egard.console.mapping import FORMS
from egard.console.templatetags.egard import day_words, icon
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
    if sight.kind == "export" and sight.detail.startswith("audit"):
        return _("of the log")
    if sight.kind == "list" and sight.detail.startswith("list:"):
        worklist = registry.worklists.get(sight.detail.removeprefix("list:").partition(" ")[0])
        return str(worklist.label) if worklist else ""
    if sight.kind == "list" and sight.detail.startswith("outbox"):
        return _("Sent messages")
    if sight.kind in ("list", "import") and sight.detail:
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
    parts += [str(detail[name]) for name in ("name", "email", "file", "kind", "adviser") if detail.get(name)]
    return " · ".join(part for part in parts if part)


@register.filter
def change_subject(row: Any) -> str:
    """Whom or what a change is about: a name where the log's own detail does not say it already."""
    said = row.detail.get("name") or row.what == "access.user_created" or row.what.startswith("delegations.")
    return "" if said else row.subject


@register.filter
def at_key(table: Any, key: Any) -> Any:
    """What a table holds at a key; nothing where there is no such key."""
    return table.get(key)


@register.filter
def counted(number: int) -> str:
    """A count as the reader's language writes it: 12,500 or 12 500."""
    return format_decimal(number, locale=get_language() or "fr")


@register.filter
def understood(cell: Any) -> str:
    """What an import took a cell for, as people write it."""
    value = cell.value
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime):
        local = timezone.localtime(value)
        return day_words(local, _("j F Y") if local.time() == time.min else _("j F Y, H:i"))
    if isinstance(value, tuple) and len(value) == 2 and value[0] in registry.identifier_kinds:
        return registry.identifier_kinds[value[0]].display(value[1])
    if isinstance(value, int | float | Decimal):
        return format_decimal(value, locale=get_language() or "fr")
    return str(value)


SEPARATORS = {",": _l("commas"), ";": _l("semicolons"), "\t": _l("tabs"), "|": _l("bars"), ":": _l("colons")}
FORMATS = {"csv": "CSV", "jsonl": _l("JSON lines"), "parquet": "Parquet"}


@register.filter
def recognised(detected: Any) -> list[str]:
    """What was recognised of a file, in words."""
    if not detected:
        return []
    parts = [str(FORMATS.get(detected.get("format", ""), detected.get("format", "")))]
    if detected.get("compression"):
        parts[0] += " " + _("packed with %(how)s") % {"how": detected["compression"]}
    if detected.get("rejects"):
        parts.append(_("refused rows that come back"))
    if detected.get("encoding"):
        parts.append(_("letters as %(encoding)s") % {"encoding": detected["encoding"]})
    if separator := detected.get("separator"):
        parts.append(_("cells set apart by %(separator)s") % {"separator": SEPARATORS.get(separator, separator)})
    for column, form in detected.get("dates", {}).items():
        how = FORMS.get(form, form)
        parts.append(_("dates of “%(column)s” as %(form)s") % {"column": column, "form": how} if column else str(how))
    if zone := detected.get("zone"):
        parts.append(_("times of %(zone)s") % {"zone": zone})
    for column, mark in detected.get("decimals", {}).items():
        if mark == ",":
            parts.append(_("decimals of “%(column)s” after a comma") % {"column": column})
    return parts
