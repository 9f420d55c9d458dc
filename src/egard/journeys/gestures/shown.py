"""Gestures on pages that are not their own: promises in words, the panel of the person's page, what ends soon."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from egard.base.money import Money
from egard.journeys.gestures import catalogues, privacy, queries
from egard.journeys.gestures.models import Gesture, Voucher
from egard.kernel.access.actors import Viewer
from egard.kernel.people.models import Person
from egard.kernel.registry import OpenItem

PREFIX = "gesture:"
CATALOGUE = "gestures.catalogue"
SOON = timedelta(days=30)
"""What ends within it is shown as open with the client."""
PANEL_MAX = 8


def url(subject: str) -> str:
    return f"/gestures/{subject.removeprefix(PREFIX)}/"


def money(amount: int, currency: str) -> str:
    """As the reader writes it."""
    return Money(amount, currency).words(get_language() or "en")


def title_of(row: Gesture) -> str:
    """What it is, as the catalogue called it when it was given."""
    kind = catalogues.of(row.catalogue_id, row.catalogue.version).kinds.get(row.kind)
    return kind.title.said(get_language() or "en") if kind else row.kind


def words_of(row: Gesture) -> str:
    """What it is, with its amount where there is one."""
    told = title_of(row)
    amount = row.desired if row.state in ("waiting", "refused") else row.amount
    return _("%(title)s (%(amount)s)") % {"title": told, "amount": money(amount, row.currency)} if amount else told


def act_words(rows: Sequence[Gesture]) -> str:
    """All that was given in one act, in a line."""
    return ", ".join(words_of(row) for row in rows)


def _of_subjects(subjects: Collection[str]) -> list[Gesture]:
    uuids = [subject.removeprefix(PREFIX) for subject in subjects]
    return list(Gesture.objects.filter(uuid__in=uuids).select_related("catalogue"))


def deliveries(subjects: Collection[str]) -> Mapping[str, str]:
    """What is promised with a gesture, in words for whoever gets it: one query."""
    return {f"{PREFIX}{row.uuid}": title_of(row) for row in _of_subjects(subjects)}


def approvals(subjects: Collection[str]) -> Mapping[str, str]:
    """What a colleague wants to give: one query."""
    return {
        f"{PREFIX}{row.uuid}": _("Agree or not: %(what)s") % {"what": words_of(row)} for row in _of_subjects(subjects)
    }


# --- the person's page ------------------------------------------------------------------------------------------------


def panel(person: Person, viewer: Viewer, now: datetime) -> Mapping[str, Any] | None:
    """What she was given, the latest first: one query."""
    acts = queries.of_person(viewer, person)
    return {
        "acts": [(rows[0], act_words(rows)) for rows in acts[:PANEL_MAX]],
        "more": max(0, len(acts) - PANEL_MAX),
        "person": person,
        "may_give": viewer.can(queries.GRANT) and person.erased_at is None,
        "now": now,
    }


def data(person: Person, viewer: Viewer, now: datetime) -> Mapping[str, Any] | None:
    """The same for programs (`overview`)."""
    acts = queries.of_person(viewer, person)
    return {
        "gestures": [
            {
                "id": row.uuid,
                "kind": row.kind,
                "state": row.state,
                "amount": {"amount": row.amount, "currency": row.currency},
                "at": row.granted_at or row.recorded_at,
            }
            for row in (rows[0] for rows in acts)
        ]
    }


def counts(viewer: Viewer, person: Person) -> list[tuple[Any, int]]:
    """What a merge brings together."""
    if not viewer.can(queries.READ):
        return []
    return [(_("Gestures"), Gesture.objects.filter(person__in=person.members, place=0).count())]


def ending(person: Person, viewer: Viewer, now: datetime) -> list[OpenItem]:
    """What she may still use and that ends within a month: one query. A credit may be used up already: nobody is
    told so here, the wallet says what is left.
    """
    running = Voucher.objects.filter(person__in=person.members, ended_at=None)
    rows = running.filter(expires_at__gt=now, expires_at__lt=now + SOON).order_by("expires_at")[:5]
    own = viewer.actor.kind == "person"
    return [
        OpenItem(
            _("A voucher of %(amount)s ends") % {"amount": money(row.amount, row.currency)},
            row.expires_at,
            "waiting",
            url="/me/wallet/" if own else "",
        )
        for row in rows
    ]


def export(person: Person) -> dict[str, Any]:
    """What she was given and what she has of vouchers, for her own copy."""
    given = Gesture.objects.filter(person=person).order_by("id").values(
        "kind", "form", "amount", "currency", "state", "reason", "granted_at", "reversed_at", "ends_at", "channel"
    )  # fmt: skip
    vouchers = Voucher.objects.filter(person=person).prefetch_related("redemptions").order_by("id")
    return privacy.export(person) | {
        "gestures": list(given),
        "vouchers": [
            {
                "code": row.code,
                "amount": {"amount": row.amount, "currency": row.currency},
                "made_at": row.made_at,
                "expires_at": row.expires_at,
                "ended_as": row.ended_as,
                "used": [
                    {"at": one.at, "amount": one.amount, "channel": one.channel, "undone_at": one.undone_at}
                    for one in row.redemptions.all()
                ],
            }
            for row in vouchers
        ],
    }
