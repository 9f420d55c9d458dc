"""The words beside a step: staff comment on them and correct them; who writes the next version settles that."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from django.db import transaction

from egard.base.refusal import NotFound
from egard.kernel.access.actors import Viewer
from egard.kernel.cases import refusals, types
from egard.kernel.cases.checks import check_reason
from egard.kernel.cases.following import WORK
from egard.kernel.cases.migrating import DEFINE
from egard.kernel.cases.models import ArticleWord

TEXT_MAX = 20_000


def say(
    viewer: Viewer,
    name: str,
    step: str,
    text: str,
    *,
    kind: Literal["comment", "correction"] = "comment",
    language: str = "",
    now: datetime,
) -> ArticleWord:
    """A comment on the words beside a step, or how they should read. Raises `UnknownType`, `UnknownStep`."""
    viewer.require(WORK)
    case_type = types.defined(types.current(name))
    if step not in case_type.steps and step not in case_type.menu:
        raise refusals.UnknownStep(step=step[:60])
    text = check_reason(text, most=TEXT_MAX)
    return ArticleWord.objects.create(
        name=name, step=step, kind=kind, language=language[:8], text=text, at=now, by=str(viewer.actor)
    )


@transaction.atomic
def settle(viewer: Viewer, word: int, *, now: datetime) -> ArticleWord:
    """It was taken in, or set aside: it leaves the list. Twice changes nothing. Raises `NotFound`."""
    viewer.require(DEFINE)
    found = ArticleWord.objects.select_for_update().filter(pk=word).first()
    if found is None:
        raise NotFound
    if found.settled_at is None:
        found.settled_at, found.settled_by = now, str(viewer.actor)
        found.save(update_fields=["settled_at", "settled_by"])
    return found
