"""The page of a case, whole or part by part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from egard.base.clock import utc_now
from egard.base.refusal import NotFound
from egard.console import keys
from egard.console import worklist_acts as acts
from egard.console import worklist_frames as frames
from egard.console.cases import show
from egard.console.cases.show import Shown
from egard.console.context import viewer_of
from egard.console.keys import Key
from egard.console.live import again_after
from egard.console.pages import staff_page
from egard.kernel.access.operations import log_sight
from egard.kernel.people import queries as people
from egard.kernel.registry import registry

PARTS = ("head", "steps", "now", "side", "past", "lines", "client")
WHOLE = ("head", "steps", "now", "side", "past", "client")
HERE = _("On this case")
OWN = (
    Key("j", "press", _("Next step"), HERE, with_="after"),
    Key("k", "press", _("Step before"), HERE, with_="before"),
    Key("d", "press", _("Do the step at hand"), HERE, with_="do", icon="check", palette=True),
    Key("b", "press", _("Begin it"), HERE, with_="begin", icon="point", palette=True),
    Key("s", "press", _("Skip it, with a reason"), HERE, with_="skip", icon="chevron-right", palette=True),
    Key("r", "press", _("Do it again, with a reason"), HERE, with_="redo", icon="arrow-back-up", palette=True),
    Key("l", "press", _("Set the suggestion aside"), HERE, with_="aside", icon="ban", palette=True),
    Key("w", "press", _("Give the step to a colleague"), HERE, with_="step-owner", icon="user", palette=True),
    Key("h", "press", _("Say something on the help"), HERE, with_="word", icon="info-circle", palette=True),
    Key("m", "press", _("Add a step"), HERE, with_="add", icon="plus", palette=True),
    Key("q", "press", _("Ask a department"), HERE, with_="ask", icon="users", palette=True),
    Key("p", "press", _("Plan a suggested step"), HERE, with_="plan", icon="clipboard-check", palette=True),
    Key("n", "press", _("Write a note"), HERE, with_="note", icon="note", palette=True),
    Key("e", "press", _("Change what is known"), HERE, with_="edit", icon="edit", palette=True),
    Key("y", "press", _("Why is it waiting?"), HERE, with_="why", icon="clock", palette=True),
    Key("f", "press", _("Close or reopen the case"), HERE, with_="close", icon="lock", palette=True),
)
"""Each presses what stands on the page; what the case does not offer now does nothing and is not in the palette."""


@require_GET
@staff_page
def case(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Steps, the step at hand, the person and what is known; what happened below."""
    viewer, now = viewer_of(request), utc_now()
    held = show.shown(viewer, uuid, now=now)
    context = frame(request, held, WHOLE)
    if held.case.person_id:
        log_sight(viewer, "person", person_id=held.case.person_id, detail=f"case {uuid}", now=now)
    person = context["person"]
    panels = sorted(registry.case_panels.values(), key=lambda panel: panel.order)
    context["panels"] = [
        panel for panel in panels if viewer.can(panel.permission) and (person is not None or not panel.of_person)
    ]
    acting = [panel for panel in context["panels"] if panel.act and viewer.can(panel.act.permission)]
    context["panel_acts"] = acting
    opened = [
        Key(one.act.key, "press", one.act.label, HERE, with_=f"panel-{one.name}", icon=one.act.icon, palette=True)
        for one in acting
    ]
    context["desk"] = keys.frame(
        viewer,
        frames.places(request),
        actions=acts.actions_on(people.seen_as(viewer, person) if person else viewer, registry.worklists["cases"]),
        person=str(person.uuid) if person else "",
        row=str(uuid),
        own=(*OWN, *opened),
    )
    return render(request, "console/cases/case.html", context)


@require_GET
@staff_page
def part(request: HttpRequest, uuid: UUID, name: str) -> HttpResponse:
    """One part of the page as it is now, or an older part of the history (`before`)."""
    viewer, now = viewer_of(request), utc_now()
    if name not in PARTS:
        raise NotFound
    held = show.shown(viewer, uuid, now=now)
    if held.case.person_id and name in ("side", "client", "lines"):
        again = again_after(request)
        log_sight(viewer, "person", person_id=held.case.person_id, detail=f"case {uuid}", now=now, again_after=again)
    if "before" in request.GET:
        before = request.GET["before"]
        older = show.past(held, int(before) if before.isdecimal() and len(before) < 9 else None)
        return render(request, "console/cases/_lines.html", {"shown": held, "now": now, **older})
    if name == "now" and "live" not in request.GET:  # another step was chosen: the list of steps shows which
        return _together(request, name, ("steps",), frame(request, held, (name, "steps")))
    template = "_lines_live" if name == "lines" else f"_{name}"
    return render(request, f"console/cases/{template}.html", frame(request, held, (name,)))


def frame(
    request: HttpRequest, held: Shown, parts: tuple[str, ...], *, step: str | None = None, wrong: Any = None
) -> dict[str, Any]:
    """What the parts of the page need. `wrong` is an act that was refused: its name, the refusal, what was typed."""
    viewer, now = held.viewer, held.now
    chosen = request.GET.get("step", "") if step is None else step
    typed: Mapping[str, str] | None = wrong["typed"] if wrong and wrong["act"] == "done" else None
    context: dict[str, Any] = {
        "shown": held,
        "case": held.case,
        "topic": f"case:{held.case.uuid}",
        "chosen": chosen,
        "now": now,
        "wrong": wrong,
        "draft_person": held.case.person.uuid if held.case.person and viewer.can(people.READ) else "",
        "url": reverse("console:case", args=[held.case.uuid]),
    }
    if "now" in parts:
        context |= show.at_hand(held, chosen, typed)
        context["wrong_fields"] = _beside(context["asked"], wrong)
    if "past" in parts or "lines" in parts:
        context |= show.past(held, down_to=request.GET.get("down_to", ""))
    if "client" in parts:
        context |= show.client(viewer, held.case, now=now)
    return context


def _beside(asked: list[Any], wrong: Any) -> bool:
    """Put each error beside its field; whether all that is wrong stands there."""
    if not wrong or wrong["act"] != "done":
        return False
    told = wrong["refusal"].fields
    for one in asked:
        one.error = told.get(one.name, "")
    return bool(told) and all(any(one.name == name for one in asked) for name in told)


def changed(request: HttpRequest, uuid: UUID, part: str, said: str, *, step: str, now: datetime) -> HttpResponse:
    """After an act: the part in which it stood, the others beside it, and what to say of it."""
    held = show.shown(viewer_of(request), uuid, now=now)
    others = [name for name in ("head", "steps", "now", "side") if name != part]
    others += ["lines"] if part != "past" else []
    return _together(request, part, others, frame(request, held, (part, *others), step=step) | {"said": said})


def _together(request: HttpRequest, part: str, others: Sequence[str], context: dict[str, Any]) -> HttpResponse:
    """One part in the place of what was there, others beside it."""
    files = {name: f"console/cases/_{'lines_live' if name == 'lines' else name}.html" for name in (part, *others)}
    told = {"part": files[part], "others": [files[name] for name in others], "focus": True}
    return render(request, "console/cases/_changed.html", context | told)
