"""Every refusal has a code of its own and tells staff what to do."""

from __future__ import annotations

import importlib
import re
from collections import defaultdict
from collections.abc import Iterator

from house_source import module_name, product_files

from egard.base.refusal import Conflict, Forbidden, NotFound, Refusal

GENERAL = {NotFound, Forbidden, Conflict}
LOADED_BY_THE_SERVER = {"egard.site.asgi"}


def _all_refusals() -> list[type[Refusal]]:
    for path in product_files():
        if module_name(path) not in LOADED_BY_THE_SERVER:
            importlib.import_module(module_name(path))

    def below(cls: type[Refusal]) -> Iterator[type[Refusal]]:
        for one in cls.__subclasses__():
            yield one
            yield from below(one)

    return sorted(
        {cls for cls in below(Refusal) if cls.__module__.startswith("egard.")}, key=lambda c: (c.__module__, c.__name__)
    )


def test_every_refusal_has_a_code_of_its_own():
    classes = _all_refusals()
    assert len(classes) > 10
    general = {Refusal.code, *(cls.code for cls in GENERAL)}
    bare = [f"{cls.__module__}.{cls.__name__}" for cls in classes if cls.code in general and cls not in GENERAL]
    assert not bare, f"without a code: {bare}"
    wrong = [cls.code for cls in classes if not re.fullmatch(r"[a-z][a-z_]*(\.[a-z][a-z_0-9]*)*", cls.code)]
    assert not wrong, f"codes are lower-case dotted names: {wrong}"
    by_code: dict[str, list[str]] = defaultdict(list)
    for cls in classes:
        if "code" not in vars(cls):
            continue  # one case of the refusal above it: the same code, words of its own
        by_code[cls.code].append(f"{cls.__module__}.{cls.__name__}")
    twice = {code: names for code, names in by_code.items() if len(names) > 1}
    assert not twice, f"several refusals share a code: {twice}"


def test_every_refusal_says_what_it_means():
    bare = [
        f"{cls.__module__}.{cls.__name__}" for cls in _all_refusals() if not (vars(cls).get("__doc__") or "").strip()
    ]
    assert not bare, f"without a docstring: {bare}"
