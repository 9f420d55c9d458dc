"""The history of a case in words: what happened, by whom, with what, and what followed by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from egard.console.cases import fields
from egard.kernel.cases.checks import said
from egard.kernel.cases.rules.definition import CaseType
from egard.kernel.cases.rules.engine import step_of
from egard.kernel.cases.rules.state import State
from egard.kernel.cases.rules.text import Text

Tone = str


@dataclass(slots=True)
class Line:
    """One event of the history. `quote` is what somebody wrote; `given` what is known by it; `follows` what came of
    it by the rules.
    """

    n: int
    at: datetime
    by: str
    icon: str
    what: str
    tone: Tone = ""
    quote: str = ""
    given: list[tuple[str, str]] = field(default_factory=list)
    follows: list[str] = field(default_factory=list)
    is_note: bool = False


@dataclass(frozen=True, slots=True)
class Names:
    """What the parts of a case are called, and who is who: `who` by actor (`user:<id>`), `teams` by id."""

    type: CaseType
    state: State
    who: Mapping[str, str]
    teams: Mapping[str, str]
    sensitive: bool = True

    def actor(self, by: str) -> str:
        kind, _colon, name = by.partition(":")
        return self.who.get(by) or {"system": "Egard", "key": _("a program"), "person": _("the client")}.get(kind, name)

    def user(self, pk: str) -> str:
        return self.who.get(f"user:{pk}", _("somebody who left")) if pk else _("nobody")

    def step(self, key: str) -> str:
        step = step_of(self.type, self.state, key)
        return said(step.title) if step else key

    def part(self, key: str) -> str:
        """A step, stage, milestone or promise."""
        held = self.type.stages.get(key) or self.type.milestones.get(key)
        if held:
            return said(held.title)
        clock = self.type.promises.get(key)
        return (said(clock.label) if clock.label else said(self.type.title)) if clock else self.step(key)

    def department(self, code: str) -> str:
        known = self.type.departments.get(code)
        return said(known.label) if known else self.teams.get(code, code)

    def asked(self, key: str) -> str:
        """The department whose step it is; empty where it is nobody's in particular."""
        step = step_of(self.type, self.state, key)
        return self.department(step.ask) if step and step.ask else ""

    def values(self, data: Mapping[str, Any] | None, now: datetime) -> list[tuple[str, str]]:
        """What an event says of the data, without what the reader may not see."""
        found = []
        for name, value in (data or {}).items():
            known = self.type.data.get(name)
            if known is not None and (self.sensitive or not known.sensitive):
                found.append((said(known.label), fields.words(known, value, now)))
        return found


def lines(names: Names, events: Iterable[Mapping[str, Any]], now: datetime) -> list[Line]:
    """The events of a case as lines, in the order in which they are given; what says nothing to people is left out."""
    told = []
    for event in events:
        body = event["body"]
        line = Line(event["n"], event["at"], names.actor(event["by"]), "point", "")
        _SAY.get(event["kind"], _nothing)(line, body, names, now)
        line.follows = _follows(names, body.get("then") or ())
        if not line.what and line.follows:
            line.icon, line.what = "clock", _("Time went by")
        if line.what:
            told.append(line)
    return told


Say = Callable[[Line, Mapping[str, Any], Names, datetime], None]


def _nothing(line: Line, body: Mapping[str, Any], names: Names, now: datetime) -> None:
    """It says nothing by itself: what followed does."""


def _opened(line: Line, body: Mapping[str, Any], names: Names, now: datetime) -> None:
    line.icon, line.what, line.given = "plus", _("The case was opened"), names.values(body.get("data"), now)


def _data(line: Line, body: Mapping[str, Any], names: Names, now: datetime) -> None:
    line.icon, line.what, line.given = "edit", _("What is known was changed"), names.values(body.get("data"), now)


def _started(line: Line, body: Mapping[str, Any], names: Names, now: datetime) -> None:
    line.icon, line.what = "point", _("“%(step)s” was begun") % {"step": names.step(body["step"])}


def _completed(line: Line, body: Mapping[str, Any], names: Names, now: datetime) -> None:
    department, step = names.asked(body["step"]), names.step(body["step"])
    words = _("%(department)s answered: “%(step)s”") if department else _("“%(step)s” is done")
    line.icon, line.tone = "circle-check", "kept"
    line.what, line.given = words % {"step": step, "department": department}, names.values(body.get("data"), now)


def _skipped(line: Line, body: Mapping[str, Any], names: Names, now: datetime) -> None:
    line.icon, line.what = "chevron-right", _("“%(step)s” was skipped") % {"step": names.step(body["step"])}
    line.quote = body.get("reason", "")


def _redone(line: Line, body: Mapping[str, Any], names: Names, now: datetime) -> None:
    line.icon = "arrow-back-up"
    line.what = _("“%(step)s” is to be done again") % {"step": names.step(body["step"])}
    line.quote = body.get("reason", "")


def _added(line: Line, body: Mapping[str, Any], names: Names, now: datetime) -> None:
    key = body["step"]
    department = names.asked(key)
    if department:
        line.icon, words = "users", _("%(department)s was asked: “%(step)s”")
    elif body.get("menu"):
        line.icon, words = "plus", _("“%(step)s” was planned, as the method suggests")
    else:
        line.icon, words = "plus", _("A step was added: “%(step)s”")
    line.what = words % {"step": names.step(key), "department": department}
    line.quote = body.get("reason", "")


def _assigned(line: Line, body: Mapping[str, Any], names: Names, now: datetime) -> None:
    line.icon = "user"
    if body.get("step"):
        words = _("“%(step)s” is given to %(name)s")
        line.what = words % {"step": names.step(body["step"]), "name": names.user(body.get("owner", ""))}
        return
    line.what = _("The case is given to %(name)s") % {"name": names.user(body.get("owner", ""))}
    if body.get("team"):
        line.given = [(_("Team"), names.teams.get(body["team"], "–"))]


def _noted(line: Line, body: Mapping[str, Any], names: Names, now: datetime) -> None:
    line.icon, line.tone, line.is_note, line.quote = "note", "waiting", True, body.get("text", "")
    line.what = _("Note on “%(step)s”") % {"step": names.step(body["step"])} if body.get("step") else _("Note")


def _fact(line: Line, body: Mapping[str, Any], names: Names, now: datetime) -> None:
    known = names.type.events.get(body["name"])
    line.icon, line.what = "world", said(known.title) if known else body["name"]
    line.given = names.values(body.get("data"), now)


def _refused(line: Line, body: Mapping[str, Any], names: Names, now: datetime) -> None:
    key = body["step"]
    menu = names.type.menu.get(key)
    title = said(menu.title) if menu else names.step(key)
    line.icon, line.what = "ban", _("The suggestion “%(step)s” was set aside") % {"step": title}
    line.quote = body.get("reason", "")


def _closed(line: Line, body: Mapping[str, Any], names: Names, now: datetime) -> None:
    line.icon, line.tone, line.what = "lock", "kept", _("The case was closed")
    outcome = names.type.closing.outcomes.get(body.get("outcome", ""))
    line.given = [(_("Outcome"), said(outcome))] if outcome else []
    if body.get("override"):
        line.tone, line.what, line.quote = "risk", _("The case was closed against its rules"), body["override"]
        line.given += [(_("Was still needed"), said(Text(**one))) for one in body.get("lacked", ())]


def _reopened(line: Line, body: Mapping[str, Any], names: Names, now: datetime) -> None:
    line.icon, line.what, line.quote = "arrow-back-up", _("The case was reopened"), body.get("reason", "")


def _moved(line: Line, body: Mapping[str, Any], names: Names, now: datetime) -> None:
    line.icon, line.what = "git-merge", _("The case was carried to another version of its method")
    line.quote = body.get("reason", "")


def _clock(line: Line, body: Mapping[str, Any], names: Names, now: datetime) -> None:
    line.icon, line.tone, line.what = *_PROMISES.get(body["what"], ("clock", "")), _clock_words(names, body)


_PROMISES = {
    "warned": ("bell", "risk"),
    "broken": ("circle-x", "broken"),
    "kept": ("circle-check", "kept"),
    "escalated": ("bell", "risk"),
}


def _clock_words(names: Names, event: Mapping[str, Any]) -> str:
    words = {
        "warned": _("The promise “%(what)s” is soon due"),
        "broken": _("The promise “%(what)s” was not kept in time"),
        "kept": _("The promise “%(what)s” was kept"),
        "released": _("The promise “%(what)s” was released"),
        "paused": _("The promise “%(what)s” is paused"),
        "resumed": _("The promise “%(what)s” runs again"),
        "extended": _("The promise “%(what)s” was extended"),
        "escalated": _("Others were told that the promise “%(what)s” is late"),
    }.get(event["what"])
    return words % {"what": names.part(event["clock"])} if words else ""


_SAY: Mapping[str, Say] = {
    "opened": _opened,
    "data": _data,
    "started": _started,
    "completed": _completed,
    "skipped": _skipped,
    "redone": _redone,
    "added": _added,
    "assigned": _assigned,
    "noted": _noted,
    "fact": _fact,
    "refused": _refused,
    "closed": _closed,
    "reopened": _reopened,
    "moved": _moved,
    "clock": _clock,
}
_TOLD = ("broken", "paused", "resumed", "warned")
"""Of promises, what is told where it followed from something else; that one began and was kept its step says."""


def _follows(names: Names, then: Iterable[Mapping[str, Any]]) -> list[str]:
    """What an event brought about, in few words."""
    now_open = [names.part(one["step"]) for one in then if one["kind"] in ("available", "again")]
    found = [_("Now to do: %(steps)s") % {"steps": ", ".join(now_open)}] if now_open else []
    for one in then:
        match one["kind"]:
            case "stage" if one["state"] == "active":
                found.append(_("Stage “%(stage)s” begins") % {"stage": names.part(one["key"])})
            case "milestone":
                found.append(_("Reached: %(milestone)s") % {"milestone": names.part(one["key"])})
            case "waiting":
                found.append(_("“%(step)s” waits again") % {"step": names.step(one["step"])})
            case "cancelled":
                found.append(_("“%(step)s” is no longer needed") % {"step": names.step(one["step"])})
            case "clock" if one["what"] in _TOLD:
                found.append(_clock_words(names, one))
            case "child":
                found.append(_("A case was opened for “%(step)s”") % {"step": names.step(one["step"])})
            case "closed":
                found.append(_("The case was closed"))
    return found
