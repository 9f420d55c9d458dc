"""How a person is found: one search row for all her rows, and the sort key of the name that she shows."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy

from egard.base.text import sort_key, words
from egard.kernel.people import rules
from egard.kernel.people.members import fill
from egard.kernel.people.models import Identifier, Person, SearchRow
from egard.kernel.registry import registry


def search_terms(kind: str, value: str) -> tuple[str, ...]:
    """What is typed to find this identifier; nothing for kinds that are found by their ends only."""
    declared = registry.identifier_kinds.get(kind)
    if declared is None or declared.search != "inside":
        return ()
    return rules.terms_of(declared, value)


def write_search(person: Person, identifiers: Iterable[tuple[str, str]] | None = None) -> None:
    """Write anew how a person is found, in the same transaction as what changed: one search row with the names and
    identifiers of all her rows, and the sort key of the name that she shows.
    """
    if person.root_id is not None:
        person = Person.objects.select_for_update(no_key=True).get(pk=person.root_id)
    if identifiers is None:
        identifiers = Identifier.objects.filter(person__in=person.members).values_list("kind", "value")
    terms = [term for kind, value in identifiers for term in search_terms(kind, value)]
    names = [words(f"{family} {given}") for family, given in _names(person)]
    text = rules.search_text([word for name in names for word in name], terms)
    SearchRow.objects.bulk_create(
        [SearchRow(person=person, text=text, grams=rules.grams_of(text))],
        update_conflicts=True,
        unique_fields=["person"],
        update_fields=["text", "grams"],
    )
    shown = fill(copy(person))
    key = sort_key(shown.family_name, shown.given_name)
    if key != person.sort_key:
        Person.objects.filter(pk=person.pk).update(sort_key=key)


def _names(person: Person) -> list[tuple[str, str]]:
    rows = person.absorbed
    return [(person.family_name, person.given_name), *((row["family_name"], row["given_name"]) for row in rows)]
