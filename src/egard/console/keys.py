"""Keys, said once: what the page does by them, what the `?` sheet lists, and what the palette offers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from egard.base.quickread import quick_rows
from egard.console.models import Desk
from egard.kernel.access.actors import Viewer
from egard.kernel.registry import Action, Composer, Worklist, registry

GO = _("Go to")
LIST = _("In the list")
ACT = _("Do")
ANYWHERE = _("Anywhere")


@dataclass(frozen=True, slots=True)
class Key:
    """`keys` as pressed one after the other (`g c`); empty for what only the palette offers. `does` and `with_` say
    to desk.js what (`press`: the element `data-press=with_` of the page); `single` keys can be switched off.
    """

    keys: str
    does: str
    label: Any
    group: Any
    with_: str = ""
    icon: str = ""
    palette: bool = False
    single: bool = True

    @property
    def caps(self) -> list[str]:
        """The keys as they are printed on a keyboard."""
        return [cap for cap in self.keys.split(" ") if cap]


@dataclass(frozen=True, slots=True)
class Frame:
    """All that a page's keys, sheet and palette need; `data` is the same for desk.js."""

    keys: list[Key]
    single_keys: bool
    person: str = ""
    row: str = ""
    """The row of a list whose own page this is."""
    worklist: str = ""
    actions: list[Action] = field(default_factory=list)

    @property
    def sheet(self) -> list[tuple[Any, list[Key]]]:
        groups: dict[str, list[Key]] = {}
        for key in self.keys:
            if key.keys:
                groups.setdefault(str(key.group), []).append(key)
        return list(groups.items())

    @property
    def data(self) -> dict[str, Any]:
        asks = {
            action.name: {
                "asks": str(action.asks.label) if action.asks else "",
                "day": str(action.asks.day) if action.asks else "",
                "on": action.on,
            }
            for action in self.actions
        }
        return {
            "single": self.single_keys,
            "person": self.person,
            "row": self.row,
            "worklist": self.worklist,
            "actions": asks,
            "keys": [
                {
                    "keys": key.keys,
                    "does": key.does,
                    "with": key.with_,
                    "label": str(key.label),
                    "group": str(key.group),
                    "icon": key.icon,
                    "palette": key.palette,
                    "single": key.single,
                }
                for key in self.keys
            ],
        }


def frame(
    viewer: Viewer,
    pages: Iterable[dict[str, Any]],
    *,
    worklist: Worklist | None = None,
    actions: Iterable[Action] = (),
    composers: Iterable[Composer] = (),
    person: str = "",
    row: str = "",
    own: Iterable[Key] = (),
) -> Frame:
    """The keys that hold on a page: everywhere's, the list's where there is one, the page's own, and what can be done
    there.
    """
    acts, writes = list(actions), list(composers)
    keys = list(_anywhere())
    if worklist:
        keys += _list_keys()
    keys += own
    keys += [Key(c.key, "compose", c.label, ACT, with_=c.name, icon=c.icon, palette=True) for c in writes]
    keys += [Key(a.key, "act", a.label, ACT, with_=a.name, icon=a.icon, palette=True) for a in acts]
    for page in pages:
        keys.append(
            Key(
                f"g {page['key']}" if page.get("key") else "",
                "go",
                page["label"],
                GO,
                with_=page["url"],
                icon=page["icon"],
                palette=True,
            )
        )
    name = worklist.name if worklist else ""
    return Frame(keys, single_keys(viewer), person=person, row=row, worklist=name, actions=acts)


def single_keys(viewer: Viewer) -> bool:
    """Whether keys without Ctrl do something (WCAG 2.1.4): on until switched off."""
    return (False,) not in quick_rows("select single_keys from console_desk where user_id = %s", [viewer.user_id])


def switch_single_keys(viewer: Viewer, on: bool) -> None:
    Desk.objects.update_or_create(user_id=viewer.user_id, defaults={"single_keys": on})


def composers_for(viewer: Viewer) -> list[Composer]:
    found = [composer for composer in registry.composers.values() if viewer.can(composer.permission)]
    return sorted(found, key=lambda composer: (composer.order, composer.name))


def list_url(worklist: Worklist) -> str:
    return reverse(worklist.url_name) if worklist.url_name else reverse("console:worklist", args=[worklist.name])


def _anywhere() -> list[Key]:
    return [
        Key("Ctrl K", "palette", _("People, pages and actions"), ANYWHERE, single=False),
        Key("/", "search", _("Search for a person"), ANYWHERE),
        Key("?", "sheet", _("The keys of this page"), ANYWHERE, palette=True, icon="info-circle"),
        Key("u", "undo", _("Undo"), ANYWHERE, palette=True, icon="arrow-back-up"),
    ]


def _list_keys() -> list[Key]:
    return [
        Key("j", "move", _("Next row"), LIST, with_="1"),
        Key("k", "move", _("Row before"), LIST, with_="-1"),
        Key("Enter", "", _("Open the whole page"), LIST),
        Key("x", "pick", _("Select this row"), LIST),
        Key("Shift x", "range", _("Select up to here"), LIST),
        Key("Esc", "", _("Close what is open"), LIST, single=False),
    ]
