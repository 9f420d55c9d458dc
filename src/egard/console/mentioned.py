"""Whoever is named in a note finds it in a list of hers, until she is done with it; and may take it up again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Model, QuerySet
from django.utils.translation import gettext_lazy, ngettext

from egard.base.refusal import NotFound
from egard.console.typed import ids_of
from egard.kernel.access.actors import Viewer
from egard.kernel.access.models import User
from egard.kernel.access.queries import staff
from egard.kernel.registry import Action, Done, Worklist

NAMED_MAX = 50
M = TypeVar("M", bound=Model)


def one(mentions: type[M], viewer: Viewer, row: str) -> M:
    """A mention of the viewer's. Raises `NotFound`."""
    mine = mentions._default_manager.filter(user=viewer.user_id)
    found = mine.filter(pk=int(row)).first() if row.isdecimal() and len(row) < 19 else None
    if found is None:
        raise NotFound
    return found


def named(viewer: Viewer, text: str, ids: Sequence[str]) -> list[User]:
    """The colleagues who were chosen while a note was written, and whose names still stand in it after an @."""
    wanted = ids_of(ids[:NAMED_MAX])
    return [user for user in staff(viewer, wanted) if f"@{user.name}" in text] if wanted else []


def finish(mentions: type[Model], viewer: Viewer, ids: Sequence[str], *, choice: str = "", now: datetime) -> Done:
    """Done with these: they leave one's list. `mentions` has `user` and `done_at`."""
    wanted = [int(one) for one in ids if one.isdecimal() and len(one) < 19]
    with transaction.atomic():
        mine = mentions._default_manager.filter(user=viewer.user_id, pk__in=wanted, done_at__isnull=True)
        done = list(mine.select_for_update().values_list("pk", flat=True))
        mentions._default_manager.filter(pk__in=done).update(done_at=now)
    words = ngettext("Done with it.", "Done with %(n)s notes.", len(done)) % {"n": len(done)}
    return Done(words, {str(pk): now.isoformat() for pk in done})


def take_up(
    mentions: type[Model], viewer: Viewer, former: Mapping[str, Any], *, now: datetime | None = None
) -> Collection[str]:
    """They wait again."""
    wanted = [int(one) for one in former]
    mine = mentions._default_manager.filter(user=viewer.user_id, pk__in=wanted, done_at__isnull=False)
    back = [str(pk) for pk in mine.values_list("pk", flat=True)]
    mine.update(done_at=None)
    return back


def worklist(
    of: str,
    label: Any,
    permission: str,
    mentions: type[Model],
    still_open: Callable[[Viewer], QuerySet[Any]],
    rows: Callable[..., Any],
    item: Callable[..., Any],
    *,
    empty: Any,
    order: int,
) -> Worklist:
    """The list of the notes `of` a `case` or a `thread` that name the viewer, until she is done with them."""
    done = Action(
        f"console.finish_{of}_mentions",
        gettext_lazy("Done"),
        permission,
        run=partial(finish, mentions),
        undo=partial(take_up, mentions),
        key="e",
        icon="check",
    )

    def count(viewer: Viewer, *, filters: Mapping[str, str], now: datetime, most: int) -> int:
        return still_open(viewer)[:most].count()

    return Worklist(
        f"{of}-mentions", label, permission, "message-circle", rows, item=item, count=count, actions=(done,),
        empty=empty, order=order,
    )  # fmt: skip
