"""An answer to a client that completes a step of her case: both in one transaction, or neither."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from egard.base.refusal import Conflict, NotFound
from egard.kernel.access.actors import NotAllowed, Viewer
from egard.kernel.cases import operations, queries, refusals
from egard.kernel.cases.following import WORK
from egard.kernel.cases.models import Case
from egard.kernel.cases.queries import StepView
from egard.kernel.cases.rules.state import ACTIVE, AVAILABLE
from egard.kernel.messages import conversing, saying
from egard.kernel.messages.conversing import UNDO, Words
from egard.kernel.messages.models import Message, Thread
from egard.kernel.people.models import Person

COMPLETED = "completed_step"
CASES_MAX = 20


class AnothersCase(Conflict):
    """The case is not of whom the conversation is with; choose a case of hers."""

    code = "cases.anothers_case"
    message = _("This case is not of the person to whom you answer. Choose one of hers.")


@dataclass(frozen=True, slots=True)
class Chosen:
    """The step that an answer completes; `data` is its evidence, beside the words of the answer."""

    case: UUID
    step: str
    data: Mapping[str, Any]


def steps_open(viewer: Viewer, person: Person) -> list[tuple[Case, StepView]]:
    """The steps of a person's open cases that the viewer may complete now. A constant number of queries."""
    if not viewer.can(WORK):
        return []
    rows = [row for row in queries.cases_of(viewer, person, limit=CASES_MAX) if row.closed_at is None]
    return [
        (view.case, step)
        for view in queries.views_of(viewer, rows)
        for step in view.steps
        if step.mine and step.state in (AVAILABLE, ACTIVE)
    ]


@transaction.atomic
def reply(
    viewer: Viewer, thread: Thread, words: Words, chosen: Chosen, *, after: timedelta = UNDO, now: datetime, key: str
) -> Message:
    """Answer, and complete a step by it. Where it asks for one text that nobody has given, the answer is that text.

    Raises what `conversing.reply` and `complete_step` raise, `NotFound`, `AnothersCase`; then nothing is said.
    """
    view = queries.view_of(viewer, queries.case(viewer, chosen.case, WORK))
    hers = view.case.person
    if hers is None or thread.person is None or thread.person_id not in (hers.root or hers).members:
        raise AnothersCase
    message = conversing.reply(thread, words, after=after, by=viewer.actor, now=now, key=key)
    step = next((one for one in view.steps if one.key == chosen.step), None)
    if step is None:
        raise refusals.UnknownStep(step=chosen.step[:60])
    data = {**_told(view, step, message.text), **chosen.data}
    operations.complete_step(viewer, chosen.case, chosen.step, data, key=f"answer:{message.uuid}", now=now)
    told = {"case": str(chosen.case), "step": chosen.step, "message": str(message.uuid)}
    if not message.thread.trail.filter(what=COMPLETED, data=told).exists():
        saying.trail(message.thread, COMPLETED, by=viewer.actor, now=now, **told)
    return message


@transaction.atomic
def undo(viewer: Viewer, message: Message, *, now: datetime) -> Message:
    """Take an answer back; the step that it completed is to be done again, unless its case was closed meanwhile or
    is not the viewer's to work on.

    Raises `TooLateToUndo`.
    """
    undone = conversing.undo(message, by=viewer.actor, now=now)
    told = message.thread.trail.filter(what=COMPLETED, data__message=str(message.uuid)).first()
    if told is not None:
        with suppress(NotAllowed, NotFound, refusals.CaseClosed, refusals.NotSettled, refusals.NotYours):
            operations.redo_step(
                viewer, UUID(told.data["case"]), told.data["step"], reason=str(_("The answer was taken back")),
                key=f"back:{message.uuid}", now=now,
            )  # fmt: skip
    return undone


def _told(view: queries.CaseView, step: StepView, text: str) -> dict[str, str]:
    """The words of the answer as the one text that the step asks for; where there are several, somebody says which."""
    asked = [name for name, field, required in step.evidence if required and field.type == "text"]
    return {asked[0]: text} if len(asked) == 1 and not view.state["data"].get(asked[0]) else {}
