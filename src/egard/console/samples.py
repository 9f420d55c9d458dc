"""What the component page shows its components with: invented values, made anew for each drawing, never stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from egard.base.ids import new_id
from egard.base.money import Money
from egard.base.paging import Page
from egard.base.ring import Ring
from egard.console.context import PEOPLE
from egard.console.history import Line
from egard.kernel.access.presence import Present
from egard.kernel.people.queries import IdentifierEntry
from egard.kernel.people.search import Match, PersonRow
from egard.kernel.registry import FactType, Panel, registry
from egard.kernel.timeline.queries import Entry

HOUR = timedelta(hours=1)


class SampleForm(forms.Form):
    """Each kind of field once, empty or with what is wrong."""

    name = forms.CharField(label=gettext_lazy("Name"), help_text=gettext_lazy("As on the letter she sent."))
    email = forms.EmailField(label=gettext_lazy("E-mail"))
    shop = forms.ChoiceField(
        label=gettext_lazy("Home shop"), choices=[("", "–"), ("lyon", "Lyon Bellecour"), ("paris", "Paris Le Marais")]
    )
    note = forms.CharField(label=gettext_lazy("Note"), required=False, widget=forms.Textarea(attrs={"rows": 2}))
    shared = forms.BooleanField(label=gettext_lazy("others use it too (a family, an office)"), required=False)


@dataclass(frozen=True, slots=True)
class Case:
    """A component in one state: `label` says which."""

    label: Any
    value: Any


def samples(side: str, now: datetime) -> dict[str, Any]:
    """The values of one column of the page; `side` keeps its ids apart from the other's."""
    shade = {"light": _("Light"), "dark": _("Dark")}[side]
    return {
        "side": side,
        "shade": shade,
        "now": now,
        "rings": rings(now),
        "forms": [SampleForm(auto_id=f"{side}-%s"), _wrong(side)],
        "page": Page(items=_rows(side)),
        "lines": _lines(side, now),
        "way": _identifier("email", f"anne.{side}@example.org", now),
        "other_way": _identifier("customer_number", f"17850{side[0]}", now),
        "panel": Panel(
            f"sample-{side}",
            f"{_('A journey’s panel')} ({shade.lower()})",
            "console/design/_figures.html",
            _nothing,
            _nothing,
            PEOPLE.permission,
        ),
        "deed": SimpleNamespace(pk=new_id()),
        "others": [
            Present(new_id(), "Camille Lefèvre", typing=False),
            Present(new_id(), "Nora Benali", typing=True),
        ],
        "spent": Money(123450, "EUR"),
        "refusal": {"detail": _("Every place of this slot is taken; offer the next one.")},
        "moments": [now - 2 * HOUR, now - 26 * HOUR, now - timedelta(days=40), now - timedelta(days=900)],
    }


def rings(now: datetime) -> list[Case]:
    """The promise ring in every look it has."""

    def ring(state: str, made: timedelta, due: timedelta, **more: Any) -> Ring:
        return Ring(what=gettext_lazy("answer"), state=state, made_at=now - made, due_at=now + due, **more)  # type: ignore[arg-type]

    week = timedelta(days=7)
    opening = tuple((now + n * timedelta(days=1), now + n * timedelta(days=1) + 8 * HOUR) for n in range(-3, 5))
    working: dict[str, Any] = {"open": opening, "working": True}
    return [
        Case(_("just made"), ring("running", timedelta(0), 3 * HOUR)),
        Case(_("running, in working hours"), ring("running", timedelta(days=2), timedelta(days=1, hours=4), **working)),
        Case(_("running, in working days"), ring("running", timedelta(days=1), timedelta(days=4), **working)),
        Case(_("at risk"), ring("running", 10 * HOUR, timedelta(minutes=25))),
        Case(_("paused"), ring("paused", 10 * HOUR, 6 * HOUR, paused_at=now - 2 * HOUR)),
        Case(_("kept"), ring("kept", 10 * HOUR, HOUR, ended_at=now - HOUR)),
        Case(_("kept late"), ring("kept", week, -5 * HOUR, ended_at=now - 2 * HOUR)),
        Case(_("broken"), ring("broken", week, -26 * HOUR, ended_at=now - 26 * HOUR)),
        Case(_("released"), ring("released", week, HOUR, ended_at=now - HOUR)),
    ]


def _wrong(side: str) -> SampleForm:
    form = SampleForm({"name": "Anne Lebœuf", "email": "anne@", "shop": ""}, auto_id=f"{side}-wrong-%s")
    form.is_valid()
    return form


def _identifier(kind: str, value: str, now: datetime) -> IdentifierEntry:
    return IdentifierEntry(registry.identifier_kinds[kind], value, False, now)


def _rows(side: str) -> list[PersonRow]:
    email = Match(registry.identifier_kinds["email"], "zoe.martin@example.org")
    number = Match(registry.identifier_kinds["customer_number"], "17850")

    def row(pk: int, given: str, family: str, **more: Any) -> PersonRow:
        base: dict[str, Any] = {
            "site": "Lyon Bellecour", "adviser": "Inès Ferrand", "roles": ("customer",), "contact": "", "matched": None,
            "known_by": None,
        }  # fmt: skip
        uuid = uuid5(NAMESPACE_URL, f"{side}-{pk}")
        name = f"{given} {family}".strip()
        return PersonRow(id=uuid, name=name, given_name=given, family_name=family, pk=pk, **{**base, **more})

    return [
        row(1, "Anne", "Lebœuf", contact="anne.leboeuf@example.org"),
        row(2, "Zoé", "Martin", matched=email, roles=("customer", "member")),
        row(3, "", "", known_by=number, site="", adviser=""),
    ]


def _lines(side: str, now: datetime) -> list[Line]:
    def entry(n: int, said: Any, icon: str, *, tone: Any = "", **more: Any) -> Entry:
        told = FactType("sample", 1, dict, said, icon=icon, tone=tone)
        base: dict[str, Any] = {"at": now - n * 5 * HOUR, "channel": "shop", "by": "", "key": str(n), "data": {}}
        base["recorded_at"] = base["at"]
        return Entry(id=uuid5(NAMESPACE_URL, f"{side}-fact-{n}"), kind="sample/1", fact_type=told, **{**base, **more})

    first, second = (uuid5(NAMESPACE_URL, f"{side}-fact-{n}") for n in (1, 4))
    return [
        Line(entry(1, _("Order 536365 corrected: Lyon Bellecour"), "edit", corrects=second), now.date(), late=False),
        Line(entry(2, _("A complaint was answered"), "circle-check", tone="kept", channel="email"), None, late=False),
        Line(entry(3, _("A visit, learned from a file"), "calendar", recorded_at=now), None, late=True),
        Line(
            entry(4, _("Order 536365"), "shopping-bag", corrected_by=first),
            (now - timedelta(days=1)).date(),
            late=False,
        ),
        Line(entry(9, _("Order 536364 given back"), "shopping-bag-x", tone="risk", channel="web"), None, late=False),
    ]


def _nothing(*_about: Any) -> None:
    return None
