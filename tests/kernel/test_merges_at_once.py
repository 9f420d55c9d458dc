"""Merges side by side on real connections: one wins, nobody waits for ever, no circle."""

from __future__ import annotations

import pytest
from tests.racing import at_once

from egard.kernel.lifecycle.operations import erase_person, merge_persons, undo_merge
from egard.kernel.people import operations, queries, search
from egard.kernel.people.models import Merge, Person, SearchRow

pytestmark = pytest.mark.django_db(transaction=True)


def _is_a_forest():
    """Every live merge leads to a person who stands for herself, and `root` says which."""
    above = dict(Merge.objects.filter(undone_at=None).values_list("absorbed", "survivor"))
    for pk, root in Person.objects.values_list("pk", "root"):
        top, passed = pk, set()
        while top in above:
            assert top not in passed, "a circle"
            passed.add(top)
            top = above[top]
        assert (root or pk) == top


def test_two_staff_who_merge_crosswise_one_wins_and_the_other_is_told(make_person, me, now):
    for _round in range(8):
        a, b = make_person("Anne"), make_person("Nan")
        told = at_once(
            [
                lambda a=a, b=b: merge_persons(a, b, by=me, now=now),
                lambda a=a, b=b: merge_persons(b, a, by=me, now=now),
            ]
        )
        assert sorted(type(one).__name__ for one in told) == ["Merge", "str"]
        assert "people.already_merged" in told
        assert Merge.objects.filter(survivor__in=(a, b)).count() == 1
        _is_a_forest()


def test_a_ring_of_merges_at_once_leaves_a_chain(make_person, me, now):
    for _round in range(5):
        ring = [make_person(name) for name in "abcd"]
        works = [
            lambda one=one, other=other: merge_persons(one, other, by=me, now=now)
            for one, other in zip(ring, [*ring[1:], ring[0]], strict=True)
        ]
        told = at_once(works)
        assert any(isinstance(one, Merge) for one in told)
        assert {one for one in told if isinstance(one, str)} <= {"people.already_merged"}
        _is_a_forest()


def test_one_undoing_at_once_with_a_merge_further_up(make_person, me, now):
    for _round in range(5):
        a, b, c = (make_person(name) for name in "abc")
        first = merge_persons(a, b, by=me, now=now)
        at_once(
            [
                lambda first=first: undo_merge(first, by=me, now=now),
                lambda first=first: undo_merge(first, by=me, now=now),
                lambda a=a, c=c: merge_persons(c, a, by=me, now=now),
            ]
        )
        _is_a_forest()
        assert Person.objects.get(pk=b.pk).root_id is None
        assert Person.objects.get(pk=a.pk).root_id == c.pk


def test_what_is_added_while_they_are_merged_is_found_afterwards(make_person, everything, me, now):
    for n in range(8):
        a, b = make_person("Anne"), make_person("Nan")
        at_once(
            [
                lambda a=a, b=b: merge_persons(a, b, by=me, now=now),
                lambda b=b, n=n: operations.add_identifier(b, "email", f"nan{n}@example.org", by=me, now=now),
                lambda a=a, n=n: operations.add_identifier(a, "email", f"anne{n}@example.org", by=me, now=now),
            ]
        )
        one = queries.person(everything, b.uuid)
        assert one.pk == a.pk
        for typed in (f"nan{n}@example.org", f"anne{n}@example.org", f"nan{n}@", f"anne{n}@"):
            assert [row.pk for row in search.search(everything, typed).items] == [a.pk]
        assert not SearchRow.objects.filter(person=b.pk).exists()


def test_an_erasure_at_once_with_a_merge_leaves_nobody_half_erased(make_person, me, now):
    for _round in range(8):
        a, b = make_person("Anne", "Kerouac"), make_person("Nan", "Kerouac")
        told = at_once(
            [
                lambda a=a, b=b: merge_persons(a, b, by=me, now=now),
                lambda b=b: erase_person(b, by=me, now=now),
            ]
        )
        rows = Person.objects.filter(pk__in=(a.pk, b.pk)).order_by("pk")
        # Merged first, both were one and are gone; erased first, there was nobody to merge with.
        assert [bool(row.erased_at) for row in rows] == ([False, True] if told[0] == "people.erased" else [True, True])
