"""Conditions in words, for people who wait for them: from the file (`say`), else read off the expression."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from egard.kernel.cases.rules.conditions import Condition
from egard.kernel.cases.rules.definition import CaseType
from egard.kernel.cases.rules.syntax import BadExpression, Node, parse
from egard.kernel.cases.rules.text import Text, fill, joined

_STATES = {
    "waiting": Text(fr="en attente", en="waiting"),
    "available": Text(fr="à faire", en="to do"),
    "active": Text(fr="en cours", en="under way"),
    "done": Text(fr="terminé", en="done"),
    "skipped": Text(fr="passé", en="skipped"),
    "cancelled": Text(fr="annulé", en="cancelled"),
    "open": Text(fr="en cours", en="running"),
    "paused": Text(fr="suspendu", en="paused"),
    "kept": Text(fr="tenu", en="kept"),
    "broken": Text(fr="non tenu", en="broken"),
    "released": Text(fr="levé", en="released"),
    "none": Text(fr="pas commencé", en="not begun"),
}
_SIGNS = {
    "==": Text(fr="« {a} » est « {b} »", en="“{a}” is “{b}”"),
    "!=": Text(fr="« {a} » n’est pas « {b} »", en="“{a}” is not “{b}”"),
    ">": Text(fr="« {a} » dépasse {b}", en="“{a}” is more than {b}"),
    ">=": Text(fr="« {a} » atteint {b}", en="“{a}” is at least {b}"),
    "<": Text(fr="« {a} » est en dessous de {b}", en="“{a}” is less than {b}"),
    "<=": Text(fr="« {a} » ne dépasse pas {b}", en="“{a}” is at most {b}"),
}
_OPPOSITE = {"==": "!=", "!=": "==", ">": "<=", "<=": ">", "<": ">=", ">=": "<"}
_KNOWN = Text(fr="« {a} » est renseigné", en="“{a}” is known")
_UNKNOWN = Text(fr="« {a} » n’est pas renseigné", en="“{a}” is not known")
_YES = Text(fr="« {a} » : oui", en="“{a}”: yes")
_NO = Text(fr="« {a} » : non", en="“{a}”: no")
_CAME = Text(fr="« {a} » est arrivé", en="“{a}” has come")
_TIME = Text(fr="le délai prévu est écoulé", en="the time set for it has passed")
_TIME_NOT = Text(fr="le délai prévu n’est pas écoulé", en="the time set for it has not passed")
_ONE_OF = Text(fr="« {a} » est l’un de : {b}", en="“{a}” is one of: {b}")
_OTHER = Text(fr="la condition « {cel} » est remplie", en="the condition “{cel}” holds")
_KEYED = {"steps", "stages", "promises", "milestones", "facts", "data"}


def of(condition: Condition, case_type: CaseType) -> Text:
    """A condition in words."""
    if condition.say is not None:
        return condition.say
    return _read(condition.cel, case_type.version, _Titles(case_type)) or _raw(condition.cel)


def _raw(source: str) -> Text:
    return Text(fr=_OTHER.fr.replace("{cel}", source), en=_OTHER.en.replace("{cel}", source))


class _Titles:
    """Names for people, by path; equal whatever the type, so that words are read once a version."""

    def __init__(self, case_type: CaseType) -> None:
        self.type = case_type

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Titles)

    def __hash__(self) -> int:
        return 0

    def of(self, path: tuple[str, ...]) -> Text | None:
        root, name = path[0], path[1] if len(path) > 1 else ""
        held: Any = None
        if root == "data" and name in self.type.data:
            return self.type.data[name].label
        if root == "steps":
            held = self.type.steps.get(name) or self.type.menu.get(name)
        elif root == "promises":
            clock = self.type.promises.get(name)
            held = self.type.steps.get(name) or self.type.menu.get(name)
            return (clock.label if clock else None) or (held.title if held else Text(fr=name, en=name))
        elif root in ("stages", "milestones"):
            held = getattr(self.type, root).get(name)
        elif root == "facts":
            held = self.type.events.get(name)
        return held.title if held else None


@lru_cache(maxsize=4096)
def _read(source: str, version: str, titles: _Titles) -> Text | None:
    try:
        return _words(parse(source), titles)
    except BadExpression:
        return None


def _words(node: Node, titles: _Titles, yes: bool = True) -> Text | None:
    """Words for a node, or for its opposite; None where it says more than we have words for."""
    if node.op == "not":
        return _words(node.args[0], titles, not yes)
    if node.op in ("and", "or"):
        parts = [_words(arg, titles, yes) for arg in node.args]
        if None in parts:
            return None
        both = (node.op == "and") == yes
        found = [part for part in parts if part is not None]
        return joined(found, fr=" et ", en=" and ") if both else joined(found, fr=" ou ", en=" or ")
    if node.op in ("<", "<=", ">", ">=") and any(arg.value == ("now",) for arg in node.args):
        later = (node.op in (">", ">=")) == (node.args[0].value == ("now",))
        return _TIME if later == yes else _TIME_NOT
    if node.op in _SIGNS or node.op == "in":
        return _relation(node, titles, yes)
    if node.op == "call" and node.value == "has" and node.args[0].op == "path":
        path = node.args[0].value
        title = titles.of(path)
        if title is None or not yes:
            return fill(_UNKNOWN, a=title) if title else None
        return fill(_CAME if path[0] in ("facts", "milestones") else _KNOWN, a=title)
    if node.op == "path" and node.value[0] == "data" and (title := titles.of(node.value)):
        return fill(_YES if yes else _NO, a=title)
    return None


def _relation(node: Node, titles: _Titles, yes: bool) -> Text | None:
    left, right = node.args
    title = titles.of(left.value) if left.op == "path" and left.value[0] in _KEYED else None
    if title is None:
        return None
    if node.op == "in":
        values = [_value(one, left.value, titles) for one in right.args] if right.op == "list" and yes else [None]
        if None in values:
            return None
        return fill(_ONE_OF, a=title, b=joined([one for one in values if one], fr=", ", en=", "))
    value = _value(right, left.value, titles)
    return fill(_SIGNS[node.op if yes else _OPPOSITE[node.op]], a=title, b=value) if value else None


def _value(node: Node, path: tuple[str, ...], titles: _Titles) -> Text | None:
    """A constant as people say it: the label of a choice, the word of a state."""
    if node.op == "path":
        return titles.of(node.value)
    if node.op != "value":
        return None
    if path[0] in ("steps", "stages", "promises"):
        return _STATES.get(str(node.value))
    field = titles.type.data.get(path[1]) if path[0] == "data" and len(path) > 1 else None
    if field is not None and isinstance(node.value, str) and node.value in field.choices:
        return field.choices[node.value]
    if isinstance(node.value, bool):
        return Text(fr="oui", en="yes") if node.value else Text(fr="non", en="no")
    return Text(fr=str(node.value) or "∅", en=str(node.value) or "∅") if node.value is not None else None
