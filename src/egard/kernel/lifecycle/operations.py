"""What concerns a person everywhere at once: the copy of all that is held on her, and her erasure.

Each kernel package and journey declares its part as hooks; this is the only place that calls them together.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from egard.kernel.access.actors import Actor, Viewer
from egard.kernel.access.operations import log_change, log_sight
from egard.kernel.messages.notices import address_of, say_farewell, warn_of_export
from egard.kernel.people.models import Person
from egard.kernel.registry import registry


def export_person(viewer: Viewer, person: Person, *, now: datetime) -> dict[str, Any]:
    """Everything held on a person, by who holds it, as plain data. The export is logged as a sight, and she is told."""
    viewer.require("people.export")
    log_sight(viewer, "export", person_id=person.pk, now=now)
    if viewer.actor.kind != "person":
        warn_of_export(person, by=viewer.actor, now=now)
    return {
        "exported_at": now,
        **{name: hooks.export(person) for name, hooks in registry.hooks.items() if hooks.export is not None},
    }


@transaction.atomic
def erase_person(person: Person, *, by: Actor, now: datetime) -> None:
    """Take away who she was, everywhere; that things happened, and every sum, stay. Erasing twice changes nothing.

    One transaction: she is erased everywhere or nowhere.
    """
    held = Person.objects.select_for_update().get(pk=person.pk)
    if held.erased_at:
        return
    address, language = address_of(held), held.language
    # Those that lean on the person's identifiers go before `people` takes them away.
    for name in reversed(list(registry.hooks)):
        erase = registry.hooks[name].erase
        if erase is not None:
            erase(held, now=now)
    if address:
        say_farewell(address, key=str(held.uuid), language=language, by=by, now=now)
    log_change("people.erased", by=by, now=now, subject=str(held.uuid))
