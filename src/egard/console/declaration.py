"""What the console declares: the lists that every house has, and that drafts go with an erased person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from egard.base.text import words
from egard.console import views
from egard.console.cases.lists import CASES, OPEN, PANEL
from egard.console.cases.mentions import MENTIONS
from egard.console.inbox.lists import INBOX
from egard.console.inbox.lists import PANEL as CONVERSATIONS
from egard.console.inbox.mentions import MENTIONS as NAMED
from egard.console.inbox.order import JOIN, MOVE, SPLIT
from egard.console.models import Deed, Draft, Snooze
from egard.console.promise_list import PROMISES
from egard.console.worklist_lists import LISTS, NAME_ADVISER, PORTFOLIO, REMOVE_IDENTIFIER
from egard.kernel.messages.queries import CONVERSE
from egard.kernel.people.models import Identifier, Person
from egard.kernel.registry import Action, Composer, Hooks, Journey, Permission


def export(person: Person) -> list[dict[str, Any]]:
    """What staff are writing about her."""
    hers = Draft.objects.filter(person__in=person.members)
    return list(hers.order_by("id").values("place", "text", "saved_at"))


def erase(person: Person, *, now: datetime) -> None:
    """Drafts about her go; so do what could be undone on her, rows put off, and what was typed to find her."""
    Draft.objects.filter(person__in=person.members).delete()
    rows = list(Person.objects.filter(pk__in=person.members))
    keys = [str(row.uuid) for row in rows]
    for deed in Deed.objects.select_for_update().filter(former__has_any_keys=keys):
        deed.former = {key: told for key, told in deed.former.items() if key not in keys}
        # The words may name her alone.
        deed.said = deed.said if deed.former else ""
        deed.save(update_fields=["former", "said"])
    Snooze.objects.filter(row__in=keys).delete()
    typed = [value for row in rows for word in (row.family_name, row.given_name) for value in words(word)]
    numbers = Identifier.objects.filter(person__in=person.members).values_list("value", flat=True)
    views.forget_typed([*numbers, *typed])


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
    worklists=(*LISTS, INBOX, NAMED, CASES, MENTIONS, PROMISES),
    panels=(PANEL, CONVERSATIONS),
    composers=(
        Composer("heard", _("What she said"), CONVERSE, "console/inbox/heard.html", key="h", icon="message", order=60),
    ),
    actions=(
        NAME_ADVISER,
        REMOVE_IDENTIFIER,
        OPEN,
        SPLIT,
        JOIN,
        MOVE,
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
