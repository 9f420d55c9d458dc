"""Doing and undoing: one operation for pages, bulk and the palette; what was before is kept for a day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from egard.base.refusal import Conflict, NotFound, Refusal
from egard.console.models import Deed
from egard.console.worklist_snooze import PREFIX, put_off, snooze_action
from egard.kernel.access.actors import Viewer
from egard.kernel.registry import Action, Done, Worklist, registry

UNDO_FOR = timedelta(hours=24)
AT_ONCE_MAX = 1000
"""Rows that one action changes at most; a longer list is worked through in parts."""


class NothingChosen(Refusal):
    """An action was asked for without a row; choose one first."""

    code = "console.nothing_chosen"
    title = _("Nothing is chosen")
    message = _("Choose a row first: go to it with j or k, or select some with x.")


class TooMany(Refusal):
    """More rows match than one action may change; narrow the list by its filters."""

    code = "console.too_many"
    title = _("Too many at once")
    message = _("More than {limit} rows match. Narrow the list, then do the rest.")


class NothingToUndo(Refusal):
    """Nothing of the last day is there to be undone, or it was undone already."""

    code = "console.nothing_to_undo"
    status = 409
    title = _("Nothing to undo")
    message = _("There is nothing to undo: what you did was undone already, or more than a day ago.")


class ChangedSince(Conflict):
    """Everything that the action had changed was changed again since; it stays as it is now."""

    code = "console.changed_since"
    title = _("Changed since")
    message = _("Nothing was undone: all of it was changed again since, and stays as it is now.")


@dataclass(frozen=True, slots=True)
class Undone:
    """What an undoing came to: restored, and left as they are because somebody changed them since."""

    restored: int
    kept: int


def actions_on(viewer: Viewer, worklist: Worklist | None = None) -> list[Action]:
    """What the viewer may do on a list, or on a person's page: the list's own, those on persons, putting off."""
    own = worklist.actions if worklist else ()
    on_persons = [action for action in registry.actions.values() if action.on == "person"]
    later = (worklist.puts_off or snooze_action(worklist.name),) if worklist and worklist.snoozes else ()
    return [action for action in (*own, *on_persons, *later) if action.listed and viewer.can(action.permission)]


def action_named(viewer: Viewer, name: str) -> Action:
    """Raises `NotFound` for a name that nobody declares, `NotAllowed` without its permission."""
    if name.startswith(PREFIX):
        worklist = registry.worklists.get(name.removeprefix(PREFIX))
        if worklist is None or not worklist.snoozes:
            raise NotFound
        viewer.require(worklist.permission)
        return snooze_action(worklist.name)
    found = registry.actions.get(name)
    if found is None:
        raise NotFound
    viewer.require(found.permission)
    return found


def do(
    viewer: Viewer, action: Action, ids: Sequence[str], *, choice: str = "", now: datetime
) -> tuple[str, Deed | None]:
    """As `perform`, answering the words for the toast."""
    done, deed = perform(viewer, action, ids, choice=choice, now=now)
    return str(done.said), deed


@transaction.atomic
def perform(
    viewer: Viewer, action: Action, ids: Sequence[str], *, choice: str = "", now: datetime
) -> tuple[Done, Deed | None]:
    """Run an action and keep what undoes it; answers what it did. Raises `NothingChosen`, `TooMany`, and what
    the action raises.
    """
    viewer.require(action.permission)
    chosen = list(dict.fromkeys(ids))
    if not chosen:
        raise NothingChosen
    if len(chosen) > AT_ONCE_MAX:
        raise TooMany(limit=AT_ONCE_MAX)
    if not action.bulk and len(chosen) > 1:
        chosen = chosen[:1]
    done = action.run(viewer, chosen, choice=choice, now=now)
    if action.undo is None or not done.former or viewer.user_id is None:
        return done, None
    Deed.objects.filter(user=viewer.user_id, at__lt=now - UNDO_FOR).delete()
    deed = Deed.objects.create(
        user_id=viewer.user_id, action=action.name, said=str(done.said)[:500], former=dict(done.former), at=now
    )
    return done, deed


@transaction.atomic
def undo(viewer: Viewer, deed_id: UUID | None = None, *, now: datetime) -> Undone:
    """Undo one thing that the viewer did, or the last one: each row that nobody changed since is as it was.

    Raises `NothingToUndo`, `ChangedSince`.
    """
    mine = Deed.objects.select_for_update().filter(user=viewer.user_id, undone_at__isnull=True, at__gte=now - UNDO_FOR)
    found = mine.filter(pk=deed_id) if deed_id else mine.order_by("-at", "-id")
    deed = found.first()
    if deed is None or not deed.former:
        raise NothingToUndo
    action = action_named(viewer, deed.action)
    if action.undo is None:
        raise NothingToUndo
    restored = len(set(action.undo(viewer, deed.former, now=now)))
    if not restored:
        raise ChangedSince
    deed.undone_at = now
    deed.save(update_fields=["undone_at"])
    return Undone(restored, len(deed.former) - restored)


def ids_matching(
    viewer: Viewer, worklist: Worklist, filters: dict[str, str], *, now: datetime
) -> Iterator[tuple[str, UUID | None]]:
    """Row and person of all that match, without what the viewer put off. Raises `TooMany` beyond `AT_ONCE_MAX`."""
    hidden, cursor, seen = put_off(viewer, worklist.name, now=now), None, 0
    while True:
        page = worklist.rows(viewer, filters=filters, now=now, limit=200, cursor=cursor)
        for row in page.items:
            if row.id not in hidden:
                seen += 1
                if seen > AT_ONCE_MAX:
                    raise TooMany(limit=AT_ONCE_MAX)
                yield row.id, row.person
        cursor = page.next
        if cursor is None:
            return
