"""What staff say of the words beside a step: a comment, or how they should read; and that it was seen to."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from egard.base.refusal import NotFound
from egard.kernel.access.actors import Viewer
from egard.kernel.cases import types
from egard.kernel.cases.checks import check_reason
from egard.kernel.cases.models import ArticleWord
from egard.kernel.cases.operations import WORK
from egard.kernel.cases.refusals import UnknownStep

TEXT_MAX = 5_000
KINDS = ("comment", "correction")


@transaction.atomic
def say_of_step(
    viewer: Viewer, name: str, step: str, text: str, *, kind: str = "comment", language: str = "", now: datetime
) -> ArticleWord:
    """Say something on the words beside a step of a type. Raises `UnknownType`, `UnknownStep`, `ReasonNeeded`."""
    viewer.require(WORK)
    case_type = types.defined(types.current(name))
    if step not in case_type.stage_of:
        raise UnknownStep(step=step[:60])
    text = check_reason(text, most=TEXT_MAX)
    kind = kind if kind in KINDS else KINDS[0]
    held = ArticleWord.objects.filter(name=name, step=step, kind=kind, text=text, by=str(viewer.actor)).first()
    if held is not None and held.settled_at is None:  # sent twice
        return held
    return ArticleWord.objects.create(
        name=name, step=step, kind=kind, language=language[:8], text=text, at=now, by=str(viewer.actor)
    )


@transaction.atomic
def settle_word(viewer: Viewer, pk: int, *, now: datetime) -> ArticleWord:
    """It was seen to: the words were changed, or stay as they are. Raises `NotFound`, `NotAllowed`."""
    viewer.require("cases.define")
    word = ArticleWord.objects.select_for_update().filter(pk=pk).first()
    if word is None:
        raise NotFound
    if word.settled_at is None:
        word.settled_at, word.settled_by = now, str(viewer.actor)
        word.save(update_fields=["settled_at", "settled_by"])
    return word
