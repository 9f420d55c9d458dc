"""What the console declares: the lists that every house has, and that drafts go with an erased person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from egard.base.text import words
from egard.console import views
from egard.console.models import Deed, Draft, Snooze
from egard.console.worklist_lists import LISTS, NAME_ADVISER, PORTFOLIO, REMOVE_IDENTIFIER
from egard.kernel.people.models import Person
from egard.kernel.registry import Action, Hooks, Journey, Permission


def export(person: Person) -> list[dict[str, Any]]:
    """What staff are writing about her."""
    return list(Draft.objects.filter(person=person).order_by("id").values("place", "text", "saved_at"))


def erase(person: Person, *, now: datetime) -> None:
    """Drafts about her go; so do what could be undone on her, rows put off, and what was typed to find her."""
    Draft.objects.filter(person=person).delete()
    key = str(person.uuid)
    for deed in Deed.objects.select_for_update().filter(former__has_key=key):
        del deed.former[key]
        # The words may name her alone.
        deed.said = "" if not deed.former else deed.said
        deed.save(update_fields=["former", "said"])
    Snooze.objects.filter(row=key).delete()
    typed = [value for _kind, value in person.identifiers.values_list("kind", "value")]
    views.forget_typed([*typed, *words(f"{person.family_name} {person.given_name}")])


declaration = Journey(
    name="console",
    label=_("Console"),
    permissions=(
        Permission(
            PORTFOLIO,
            _("look after clients of one’s own"),
            {"adviser": "all", "site_manager": "all", "supervisor": "all"},
        ),
        Permission(
            views.SHARE,
            _("share views with everybody"),
            {"site_manager": "all", "supervisor": "all", "administrator": "all"},
        ),
    ),
    worklists=LISTS,
    actions=(
        NAME_ADVISER,
        REMOVE_IDENTIFIER,
        Action(
            "console.remove_view",
            _("Remove this view"),
            "people.read",
            run=views.remove_views,
            undo=views.put_back_views,
            bulk=False,
            listed=False,
        ),
    ),
    hooks=Hooks(export=export, erase=erase),
)
