"""What a method may learn from its cases: medians with their interval, steps that people keep adding, and the draft of
the next version. Pure.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Any

import yaml

from egard.base.figures import Z_95
from egard.base.text import trigrams, words

ALIKE = 0.45
"""From this share of common trigrams on (Jaccard) two titles are the same step."""
RECURS = 3
"""In so many cases a step that people added is proposed as a planned one."""


@dataclass(frozen=True, slots=True)
class Median:
    """A median of `n` durations in seconds, and between which bounds the true one lies with 95 % confidence; None where
    there are too few to say (below six).
    """

    n: int
    seconds: float | None
    low: float | None
    high: float | None


def median(durations: Iterable[float]) -> Median:
    """The bounds are order statistics, n/2 ± 1.96·√n/2 (W. J. Conover, Practical Nonparametric Statistics, 3.2): they
    suppose nothing of how durations are spread.
    """
    held = sorted(durations)
    n = len(held)
    if not n:
        return Median(0, None, None, None)
    middle = (held[(n - 1) // 2] + held[n // 2]) / 2
    spread = Z_95 * sqrt(n) / 2
    low, high = int(n / 2 - spread), ceil(n / 2 + spread) + 1
    if n < 6 or low < 1 or high > n:
        return Median(n, middle, None, None)
    return Median(n, middle, held[low - 1], held[high - 1])


@dataclass(frozen=True, slots=True)
class Added:
    """A step that somebody added to a case."""

    case: int
    title: str
    stage: str = ""
    ask: str = ""


@dataclass(frozen=True, slots=True)
class Recurring:
    """Steps of similar wording: the wording most used, in how many cases, the others that were used."""

    title: str
    cases: int
    stage: str
    ask: str
    wordings: tuple[str, ...]


def recurring(added: Sequence[Added], *, least: int = 1) -> list[Recurring]:
    """Added steps grouped by similar wording, those of most cases first.

    Titles are folded (case, accents, order of words do not matter) and compared by trigrams with the first title of
    each group, the most used titles first; so the groups are the same whatever the order of the cases.
    """
    counted = Counter(" ".join(sorted(words(one.title))) for one in added)
    groups: list[tuple[frozenset[str], list[Added]]] = []
    by_title: dict[str, list[Added]] = {}
    for one in added:
        by_title.setdefault(" ".join(sorted(words(one.title))), []).append(one)
    for title, _count in sorted(counted.items(), key=lambda pair: (-pair[1], pair[0])):
        grams = frozenset(trigrams(title))
        for known, members in groups:
            if grams and len(grams & known) / len(grams | known) >= ALIKE:
                members += by_title[title]
                break
        else:
            groups.append((grams, list(by_title[title])))
    found = [_recurring(members) for _grams, members in groups]
    return sorted((one for one in found if one.cases >= least), key=lambda one: (-one.cases, one.title))


def _recurring(members: list[Added]) -> Recurring:
    def most(values: Iterable[str]) -> str:
        return min(Counter(values).items(), key=lambda pair: (-pair[1], pair[0]))[0]

    titles = [one.title for one in members]
    title = most(titles)
    others = tuple(dict.fromkeys(other for other in titles if other != title))
    cases = len({one.case for one in members})
    stages, asks = [one.stage for one in members], [one.ask for one in members]
    return Recurring(title, cases, most(stages), most(asks), others[:5])


# --- the draft --------------------------------------------------------------------------------------------------------


class NoStage(ValueError):
    """The file has no stage of this name."""


def with_planned(source: str, stage: str, title: str, *, ask: str = "") -> str:
    """The file with one more step in the planning menu of a stage (the first one where `stage` is empty); nothing else
    in it moves. Raises `NoStage`.
    """
    top = yaml.compose(source, yaml.SafeLoader)
    stages = _pairs(_pairs(top).get("stages"))
    name = stage or next(iter(stages), "")
    held = stages.get(name)
    if held is None:
        raise NoStage(name)
    taken = {key for one in stages.values() for part in ("steps", "menu") for key in _pairs(_pairs(one).get(part))}
    entry = f"{_key(title, taken)}: {_flow(title, ask)}"
    menu = _pairs(held).get("menu")
    if menu is not None and menu.value:
        return _after(source, menu, entry)
    if menu is not None:  # `menu: {}`
        return f"{source[: menu.start_mark.index]}{{{entry}}}{source[menu.end_mark.index :]}"
    return _after(source, held, f"menu: {{{entry}}}" if held.flow_style else f"menu:\n{_indent(held)}  {entry}")


def _pairs(node: Any) -> dict[str, Any]:
    return {key.value: value for key, value in node.value} if isinstance(node, yaml.MappingNode) else {}


def _indent(node: Any) -> str:
    return " " * node.value[0][0].start_mark.column


def _after(source: str, mapping: Any, entry: str) -> str:
    """One more entry at the end of a mapping that is not empty, as it is written there."""
    at = len(source[: _end(mapping.value[-1][1])].rstrip())  # a text of several lines ends after its blanks
    between = ", " if mapping.flow_style else "\n" + _indent(mapping)
    return f"{source[:at]}{between}{entry}{source[at:]}"


def _end(node: Any) -> int:
    """Where the last character of a node stands; a block ends before the blanks that follow it."""
    if isinstance(node, yaml.MappingNode) and not node.flow_style and node.value:
        return _end(node.value[-1][1])
    if isinstance(node, yaml.SequenceNode) and not node.flow_style and node.value:
        return _end(node.value[-1])
    return node.end_mark.index


def _key(title: str, taken: set[str]) -> str:
    base = "_".join(words(title))
    plain = "".join(c for c in base if c.isascii() and (c.isalnum() or c == "_"))[:40].strip("_") or "step"
    plain = plain if plain[0].isalpha() else f"step_{plain}"
    return next(key for n in range(1, 1000) if (key := plain if n == 1 else f"{plain}_{n}") not in taken)


def _flow(title: str, ask: str) -> str:
    said = json.dumps(title, ensure_ascii=False)
    asked = f", ask: {json.dumps(ask)}" if ask else ""
    return f"{{title: {{fr: {said}, en: {said}}}{asked}}}"
