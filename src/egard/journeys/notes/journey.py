"""Notes: what staff write about a person for one another, and the list of notes in which one is named."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.journeys.notes import facts, operations, queries
from egard.kernel.registry import Action, Composer, Journey, Permission, Reaction, Worklist

journey = Journey(
    name="notes",
    label=_("Notes"),
    facts=(facts.NoteWritten,),
    reactions=(Reaction("notes.mentions", facts=(queries.KIND,), handle=operations.keep_mentions, history="skip"),),
    permissions=(
        Permission(
            queries.WRITE,
            _("write notes"),
            {"agent": "all", "adviser": "all", "site_manager": "all", "supervisor": "all", "administrator": "all"},
        ),
    ),
    composers=(Composer("note", _("Note"), queries.WRITE, "notes/composer.html", key="n", icon="note", order=50),),
    worklists=(
        Worklist(
            "mentions",
            _("Notes that name me"),
            queries.WRITE,
            "message-circle",
            queries.mentions,
            item=queries.mention,
            count=queries.count_mentions,
            actions=(
                Action(
                    "notes.finish_mentions",
                    _("Done"),
                    queries.WRITE,
                    run=operations.finish_mentions,
                    undo=operations.take_up_mentions,
                    key="e",
                    icon="check",
                ),
            ),
            empty=_("When a colleague writes @ and your name in a note, it waits here until you are done with it."),
            key="m",
            live=("user",),
            order=5,
        ),
    ),
    router="egard.journeys.notes.api:router",
    pages="egard.journeys.notes.pages",
)
