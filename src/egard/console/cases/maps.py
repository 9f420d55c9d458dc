"""The map of a type of case: its stages in order, its steps and what they follow, how many running cases stand where.

It is a list first, so that keys and screen readers go through it; the drawing is its style.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from egard.base.clock import utc_now
from egard.base.refusal import NotFound
from egard.console.context import viewer_of
from egard.console.pages import staff_page
from egard.kernel.access.actors import Viewer
from egard.kernel.access.queries import staff_names
from egard.kernel.cases import articles, operations, queries, types
from egard.kernel.cases.checks import said
from egard.kernel.cases.models import ArticleWord
from egard.kernel.cases.rules import words
from egard.kernel.cases.rules.definition import CaseType, Stage, Step

DEFINE = "cases.define"
LEVELS_MAX = 4
"""Deeper than this a step is not moved further to the right."""


@dataclass(frozen=True, slots=True)
class StepCard:
    """A step of the map. `level`: how many steps it follows one after the other within its stage."""

    key: str
    title: str
    help: str
    whose: str
    level: int
    after: list[str]
    condition: str
    until: str
    again: str
    within: str
    asks: list[str]
    marks: list[str]
    running: int
    is_optional: bool
    word_count: int = 0


@dataclass(slots=True)
class StageColumn:
    key: str
    title: str
    after: list[str]
    condition: str
    running: int
    steps: list[StepCard]
    menu: list[StepCard]
    milestones: list[tuple[str, str]] = field(default_factory=list)


class Drawing:
    """A type of case as columns, with the numbers of running cases by stage and by step."""

    def __init__(self, case_type: CaseType, running: Mapping[tuple[str, str], int], spoken: Mapping[str, int]) -> None:
        self.type, self.running, self.spoken = case_type, running, spoken

    @property
    def columns(self) -> list[StageColumn]:
        return [self._column(key, stage) for key, stage in self.type.stages.items()]

    def _column(self, key: str, stage: Stage) -> StageColumn:
        return StageColumn(
            key=key,
            title=said(stage.title),
            after=[self.title(one) for one in stage.after],
            condition=self._condition(stage),
            running=self.running.get(("stage", key), 0),
            steps=[self._card(name, stage.steps[name], self._level(stage, name)) for name in _below(stage)],
            menu=[self._card(name, step, 0) for name, step in stage.menu.items()],
            milestones=[(said(one.title), self._reached(one)) for one in stage.milestones.values()],
        )

    def _reached(self, milestone: Any) -> str:
        told = [self.title(one) for one in milestone.after]
        return ", ".join([*told, *([self._words(milestone.when)] if milestone.when else [])])

    def _card(self, key: str, step: Step, level: int) -> StepCard:
        marks = [_("begun by somebody first")] if step.manual else []
        marks += [_("opens a case of its own")] if step.case else []
        own = self.type.stages.get(self.type.stage_of[key])
        return StepCard(
            key=key,
            title=said(step.title),
            help=said(step.help) if step.help else "",
            whose=self._whose(step),
            level=min(level, LEVELS_MAX),
            after=[self.title(one) for one in step.after],
            condition=self._condition(step),
            until=self._words(step.until) if step.until else "",
            again=self._words(step.repeat) if step.repeat else "",
            within=step.promise.within if step.promise else "",
            asks=[said(self.type.data[name].label) for name in step.fields if name in self.type.data],
            marks=marks,
            running=self.running.get(("step", key), 0),
            is_optional=not step.required or (own is not None and key in own.menu),
            word_count=self.spoken.get(key, 0),
        )

    def _level(self, stage: Stage, key: str, depth: int = 0) -> int:
        """The longest way to a step within its stage; a loop would have been refused by the linter."""
        before = [one for one in stage.steps[key].after if one in stage.steps] if depth < len(stage.steps) else []
        return max((1 + self._level(stage, one, depth + 1) for one in before), default=0)

    def _whose(self, step: Step) -> str:
        department, role = self.type.departments.get(step.ask), self.type.roles.get(step.role)
        return said(department.label) if department else said(role.label) if role else step.ask

    def _condition(self, part: Step | Stage) -> str:
        return ", ".join(self._words(one) for one in (part.only_if, part.when) if one is not None)

    def _words(self, condition: Any) -> str:
        return said(words.of(condition, self.type))

    def title(self, key: str) -> str:
        found = self.type.stages.get(key) or self.type.milestones.get(key)
        found = found or self.type.steps.get(key) or self.type.menu.get(key)
        return said(found.title) if found else key

    @property
    def promises(self) -> list[tuple[str, str]]:
        """What is promised of the whole case: what, and within what."""
        return [(said(one.label or self.type.title), one.within) for one in self.type.promises.values()]

    @property
    def outcomes(self) -> list[str]:
        return [said(one) for one in self.type.closing.outcomes.values()]

    @property
    def needs(self) -> list[str]:
        return [self._words(one) for one in self.type.closing.needs]


_RUNNING = """
with running as (select c.snapshot from cases_case c join ({visible}) seen on seen.id = c.id)
select 'step', s.key, count(*) from running, jsonb_each(running.snapshot->'steps') s
where s.value->>'state' in ('available', 'active') group by 2
union all
select 'stage', s.key, count(*) from running, jsonb_each_text(running.snapshot->'stages') s
where s.value = 'active' group by 2
union all
select 'all', '', count(*) from running
"""


def running(viewer: Viewer, name: str, version: str = "") -> dict[tuple[str, str], int]:
    """How many open cases of a type stand on each stage and step, of those that the viewer may see: one query."""
    found = queries.visible(viewer).filter(status="open", type__name=name)
    found = found.filter(type__version=version) if version else found
    visible, params = found.order_by().values("id").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_RUNNING.format(visible=visible), params)
        return {(kind, key): n for kind, key, n in cursor.fetchall()}


def running_by_type(viewer: Viewer) -> dict[str, int]:
    """How many open cases each type has: one query."""
    from django.db.models import Count

    found = queries.visible(viewer).filter(status="open").order_by()
    return dict(found.values_list("type__name").annotate(n=Count("id")))


@require_GET
@staff_page
def listing(request: HttpRequest) -> HttpResponse:
    """The types of case, with what each is for and how many run."""
    viewer = viewer_of(request)
    counts = running_by_type(viewer)
    found = [(row, types.defined(row)) for row in queries.case_types(viewer)]
    told = [
        {
            "name": row.name,
            "title": said(one.title),
            "about": said(one.about) if one.about else "",
            "number": row.number,
            "at": row.published_at,
            "running": counts.get(row.name, 0),
            "steps": len(one.steps),
        }
        for row, one in found
    ]
    context = {
        "types": sorted(told, key=lambda one: one["title"]),
        "now": utc_now(),
        "may_open": viewer.can(operations.WORK),
    }
    return render(request, "console/cases/types.html", context)


@require_GET
@staff_page
def drawn(request: HttpRequest, name: str) -> HttpResponse:
    """The map of one type, of its current version or of `version`."""
    viewer, now = viewer_of(request), utc_now()
    versions = queries.versions(viewer, name)
    wanted = request.GET.get("version", "")
    row = next((one for one in versions if one.version == wanted), versions[0])
    case_type = types.defined(row)
    counts = running(viewer, name, row.version if wanted else "")
    spoken = list(ArticleWord.objects.filter(name=name, settled_at=None).order_by("-id")[:100])
    by_step: dict[str, int] = {}
    for one in spoken:
        by_step[one.step] = by_step.get(one.step, 0) + 1
    drawing = Drawing(case_type, counts, by_step)
    names = staff_names(viewer)
    context = {
        "row": row,
        "title": said(case_type.title),
        "about": said(case_type.about) if case_type.about else "",
        "drawing": drawing,
        "running": counts.get(("all", ""), 0),
        "versions": versions,
        "is_current": row.pk == versions[0].pk,
        "words": [(one, drawing.title(one.step), names.get(one.by, "")) for one in spoken],
        "who": names,
        "now": now,
        "may_open": viewer.can(operations.WORK),
        "may_define": viewer.can(DEFINE),
    }
    return render(request, "console/cases/map.html", context)


@require_POST
@staff_page
def settle(request: HttpRequest, name: str, pk: int) -> HttpResponse:
    """What somebody said of a step's help was seen to."""
    word = articles.settle_word(viewer_of(request), pk, now=utc_now())
    if word.name != name:
        raise NotFound
    return redirect("console:case_type", name)


def _below(stage: Stage) -> list[str]:
    """Each step right below the last of those that it follows, so that its line hangs from there."""
    before = {name: [one for one in step.after if one in stage.steps] for name, step in stage.steps.items()}
    placed: list[str] = []

    def place(name: str) -> None:
        placed.append(name)
        for other, follows in before.items():
            if name in follows and other not in placed and set(follows) <= set(placed):
                place(other)

    for name, follows in before.items():
        if not follows:
            place(name)
    return placed
