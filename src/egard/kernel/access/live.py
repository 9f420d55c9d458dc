"""Telling open pages that something changed, and who may hear of what.

A topic names and says nothing: `people`, `person:<uuid>`, or a part of one, `person:<uuid>/facts`. A page that hears
one asks for that part of itself again, and what it then sees is decided there, by the usual questions.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import connection
from django.utils.translation import gettext_lazy as _

from egard.base.refusal import NotFound, Refusal
from egard.kernel.access.actors import Viewer
from egard.kernel.registry import registry

CHANNEL = "egard_live"
EVERYTHING = "*"
"""Told in the place of more than `MANY` topics: whatever is open may have changed."""
MANY = 100
"""So many topics one transaction tells by name at most; an import of 100,000 facts tells one a batch."""
TOPICS_MAX = 20
"""So many topics one page may ask for."""
PRESENCE = "presence:"
"""`presence:person:<uuid>`: who else is there. Whoever may hear of the topic may hear of its presence."""

_silent: ContextVar[bool] = ContextVar("egard_live_silent", default=False)
_TOPIC = re.compile(r"(?P<root>(?P<name>[a-z][a-z_]*)(?::(?P<of>[A-Za-z0-9_-]{1,64}))?)(?:/[a-z][a-z_]*)?")


class UnknownTopic(Refusal):
    """No journey declares this topic, or more of them are asked for than one page may have."""

    code = "access.unknown_topic"
    message = _("“{topic}” is not something that a page can follow here.")


def tell(*topics: str) -> None:
    """Say that these changed: heard on commit, and never where the transaction is rolled back. One statement.

    Never anything personal in a topic: whoever listens on the database hears it.
    """
    told = list(dict.fromkeys(topics))
    if len(told) > MANY:
        told = [EVERYTHING]
    if told and not is_silent():
        with connection.cursor() as cursor:
            cursor.execute("select pg_notify(%s, topic) from unnest(%s::text[]) topic", [CHANNEL, told])


@contextmanager
def silently() -> Generator[None]:
    """Nothing is told but, at the end, that everything may have changed: for loads of which no page shows a part."""
    held = _silent.set(True)
    try:
        yield
    finally:
        _silent.reset(held)
    tell(EVERYTHING)


def is_silent() -> bool:
    return _silent.get()


def root_of(topic: str) -> str:
    """The topic whose part this is: `person:<uuid>` of `person:<uuid>/facts`."""
    return topic.partition("/")[0]


def allowed(viewer: Viewer, topics: Iterable[str]) -> list[str]:
    """The topics without their parts, once each, when this viewer may hear of all of them.

    Raises `UnknownTopic`, and `NotFound` of what she may not see. As many questions as topics, at most.
    """
    asked = list(dict.fromkeys(topics))
    roots: dict[str, None] = {}
    for topic in asked:
        found = _TOPIC.fullmatch(topic.removeprefix(PRESENCE))
        declared = registry.live.get(found["name"]) if found else None
        if found is None or declared is None or len(asked) > TOPICS_MAX:
            raise UnknownTopic(topic=topic[:100])
        prefix = PRESENCE if topic.startswith(PRESENCE) else ""
        if prefix + found["root"] in roots:
            continue
        if found["root"] not in roots and not declared.may_hear(viewer, found["of"] or ""):
            raise NotFound
        roots[prefix + found["root"]] = None
    return list(roots)
