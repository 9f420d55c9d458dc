"""Saved views: a list's filters and order under a name, for oneself, a team or everybody."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from egard.base.refusal import NotFound, Refusal
from egard.base.text import fold
from egard.console.models import Desk, SavedView
from egard.console.typed import ids_of
from egard.kernel.access.actors import Viewer
from egard.kernel.access.queries import teams
from egard.kernel.registry import Done, Worklist

SHARE = "console.share_views"
NAME_MAX = 80
VIEWS_MAX = 100
"""Views that one user keeps for one list."""


class BadView(Refusal):
    """A view needs a name of 1 to 80 characters, and a share that its owner may give."""

    code = "console.bad_view"
    title = gettext_lazy("This view cannot be saved")
    message = gettext_lazy("This view cannot be saved: {why}")


@dataclass(frozen=True, slots=True)
class Tab:
    """A view above its list."""

    id: UUID
    name: str
    filters: Mapping[str, str]
    mine: bool
    shared: str
    """With whom, in words; empty for one's own alone."""
    default: bool


def clean_filters(worklist: Worklist, values: Mapping[str, Any]) -> dict[str, str]:
    """The declared filters that are filled, and the order where it is one of the list's."""
    names = {one.name for one in worklist.filters}
    kept = {name: text for name in names if (text := str(values.get(name) or "").replace("\x00", " ").strip()[:200])}
    order = str(values.get("order") or "")
    if worklist.orders and order in {o.value for o in worklist.orders[1:]}:
        kept["order"] = order
    return kept


def views_of(viewer: Viewer, worklist: Worklist) -> list[Tab]:
    """The viewer's own views, her teams' and everybody's: by name, her own first."""
    found = (
        SavedView.objects.filter(worklist=worklist.name)
        .filter(Q(owner=viewer.user_id) | Q(everybody=True) | Q(team__in=viewer.team_ids))
        .select_related("team", "owner")
    )
    default = default_view(viewer, worklist)
    tabs = [
        Tab(
            id=one.pk,
            name=one.name,
            filters=clean_filters(worklist, one.filters),
            mine=one.owner_id == viewer.user_id,
            shared=one.team.name if one.team else _("everybody") if one.everybody else "",
            default=str(one.pk) == default,
        )
        for one in found
    ]
    return sorted(tabs, key=lambda tab: (not tab.mine, fold(tab.name), str(tab.id)))


def default_view(viewer: Viewer, worklist: Worklist) -> str:
    chosen = Desk.objects.filter(user=viewer.user_id).values_list("default_views", flat=True).first() or {}
    return str(chosen.get(worklist.name, ""))


@transaction.atomic
def save_view(
    viewer: Viewer,
    worklist: Worklist,
    name: str,
    filters: Mapping[str, Any],
    *,
    shared: str = "",
    now: datetime,
) -> SavedView:
    """Keep filters under a name; saving the same name again replaces. `shared`: empty, `all`, or the id of a team of
    hers. Raises `BadView`.
    """
    title = " ".join(name.replace("\x00", " ").split())
    if not title or len(title) > NAME_MAX:
        raise BadView(why=_("give it a name of at most 80 characters."), fields={"name": _("1 to 80 characters")})
    team = None
    if shared and shared != "all":
        team = next((t for t in teams(viewer) if str(t.pk) == shared and t.pk in viewer.team_ids), None)
    if (shared == "all" and not viewer.can(SHARE)) or (shared and shared != "all" and team is None):
        raise BadView(why=_("you may share it with your own teams only."), fields={"shared": _("not yours to give")})
    mine = SavedView.objects.filter(owner=viewer.user_id, worklist=worklist.name)
    if mine.count() >= VIEWS_MAX and not mine.filter(name=title).exists():
        raise BadView(why=_("you have too many views here; remove one first."))
    saved, _created = SavedView.objects.update_or_create(
        owner_id=viewer.user_id,
        worklist=worklist.name,
        name=title,
        defaults={"filters": clean_filters(worklist, filters), "team": team, "everybody": shared == "all"},
        create_defaults={
            "filters": clean_filters(worklist, filters),
            "team": team,
            "everybody": shared == "all",
            "created_at": now,
        },
    )
    return saved


def choose_default_view(viewer: Viewer, worklist: Worklist, view: str) -> None:
    """The view with which the list opens; empty for all rows. Raises `NotFound` for one that is not hers to see."""
    if view and view not in {str(tab.id) for tab in views_of(viewer, worklist)}:
        raise NotFound
    with transaction.atomic():
        desk, _created = Desk.objects.select_for_update().get_or_create(user_id=viewer.user_id)
        chosen = {name: one for name, one in desk.default_views.items() if name != worklist.name}
        desk.default_views = {**chosen, worklist.name: view} if view else chosen
        desk.save(update_fields=["default_views"])


def remove_views(viewer: Viewer, ids: Sequence[str], *, choice: str = "", now: datetime) -> Done:
    """Take away views of one's own; undone by `put_back_views`."""
    mine = SavedView.objects.select_for_update().filter(owner=viewer.user_id, pk__in=ids_of(ids))
    former = {
        str(one.pk): {
            "worklist": one.worklist,
            "name": one.name,
            "filters": one.filters,
            "team": str(one.team_id) if one.team_id else None,
            "everybody": one.everybody,
            "created_at": one.created_at.isoformat(),
        }
        for one in mine
    }
    if not former:
        raise NotFound
    mine.delete()
    name = next(iter(former.values()))["name"]
    return Done(_("The view “%(name)s” is removed.") % {"name": name}, former)


def put_back_views(viewer: Viewer, former: Mapping[str, Mapping[str, Any]], *, now: datetime) -> Collection[str]:
    """A view comes back under its id, unless another has taken its name since."""
    back = []
    for key, told in former.items():
        mine = SavedView.objects.filter(owner=viewer.user_id, worklist=told["worklist"])
        if mine.filter(name=told["name"]).exists():
            continue
        SavedView.objects.create(
            pk=UUID(key),
            owner_id=viewer.user_id,
            worklist=told["worklist"],
            name=told["name"],
            filters=told["filters"],
            team_id=told["team"] if told["team"] and UUID(told["team"]) in viewer.team_ids else None,
            everybody=told["everybody"],
            created_at=datetime.fromisoformat(told["created_at"]),
        )
        back.append(key)
    return back


def forget_typed(terms: Collection[str]) -> None:
    """Views that were filtered by an erased person's names or numbers forget what was typed."""
    told = {term for term in (_compact(term) for term in terms) if len(term) >= 3}
    for view in SavedView.objects.exclude(filters={}) if told else ():
        kept = {
            name: text
            for name, text in view.filters.items()
            if len(_compact(text)) < 3 or not any(t in _compact(text) or _compact(text) in t for t in told)
        }
        if kept != view.filters:
            view.filters = kept
            view.save(update_fields=["filters"])


def _compact(text: str) -> str:
    return re.sub(r"[^a-z0-9@]", "", fold(str(text)))
