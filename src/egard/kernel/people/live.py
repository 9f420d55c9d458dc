"""Telling open pages what changed of whom: who somebody is (`who`), what happened (`facts`), what came of it
(`effects`); and `people`, the lists.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from django.db import connection

from egard.base.copytext import number_array
from egard.kernel.access.live import CHANNEL, EVERYTHING, MANY, is_silent, tell

if TYPE_CHECKING:
    from egard.kernel.people.models import Person

PEOPLE = "people"
"""The lists: somebody came, or a row of theirs changed."""
Part = Literal["who", "facts", "effects"]


def topic_of(person: Person, part: Part | None = None) -> str:
    """What pages follow of a person; without a part, everything."""
    return f"person:{person.uuid}/{part}" if part else f"person:{person.uuid}"


def tell_who(person: Person) -> None:
    """What is known of her changed, and so may her row in the lists."""
    _tell(person, "who")
    tell(PEOPLE)


def tell_facts(person: Person) -> None:
    """Something more happened to her."""
    _tell(person, "facts")


def tell_person(person: Person) -> None:
    """Everything of her changed."""
    tell(topic_of(person), PEOPLE)


def _tell(row: Person, part: Part) -> None:
    """Who follows a person follows all her rows."""
    if row.root_id is None:
        tell(topic_of(row, part))
    else:
        tell_persons([row.pk], part)


def tell_people() -> None:
    """Somebody came."""
    tell(PEOPLE)


def tell_persons(ids: Iterable[int | None], part: Part) -> None:
    """The same for many at once, by their ids (None is nobody known): at most `MANY` by name, then one word for all."""
    some = {pk for pk in ids if pk is not None}
    if len(some) > MANY:
        tell(EVERYTHING)
    elif some and not is_silent():
        with connection.cursor() as cursor:
            cursor.execute(
                "select pg_notify(%s, 'person:' || coalesce(root.uuid, p.uuid) || '/' || %s::text)"
                " from people_person p left join people_person root on root.id = p.root_id"
                " where p.id = any(%s::bigint[])",
                [CHANNEL, part, number_array(sorted(some))],
            )
