from __future__ import annotations

import pytest

from egard.base.refusal import Conflict
from egard.kernel.access.operations import log_sight
from egard.kernel.access.queries import sights
from egard.kernel.lifecycle.operations import merge_persons, undo_merge
from egard.kernel.people import queries
from egard.kernel.people.models import Merge
from egard.kernel.registry import Hooks, registry

pytestmark = pytest.mark.django_db


@pytest.fixture
def anne(make_person):
    return make_person("Anne", "Kerouac")


@pytest.fixture
def nan(make_person):
    return make_person("Nan", "Kerouac")


@pytest.fixture
def look(everything):
    return lambda person: queries.person(everything, person.uuid)


def test_journeys_that_declare_it_follow_a_merge_and_may_refuse_it(anne, nan, look, monkeypatch, me, now):
    followed = []

    class NotNow(Conflict):
        """The toy journey says no."""

        code = "toys.not_now"

    def follow(what):
        def hook(survivor, absorbed, *, now):
            followed.append((what, survivor.pk, absorbed.pk))
            if len(followed) == 3:
                raise NotNow

        return hook

    monkeypatch.setitem(registry.hooks, "toys", Hooks(merge=follow("merged"), unmerge=follow("parted")))
    merge = merge_persons(anne, nan, by=me, now=now)
    undo_merge(merge, by=me, now=now)
    assert followed == [("merged", anne.pk, nan.pk), ("parted", anne.pk, nan.pk)]
    with pytest.raises(NotNow):
        merge_persons(nan, anne, by=me, now=now)
    assert [look(p).pk for p in (anne, nan)] == [anne.pk, nan.pk]
    assert Merge.objects.count() == 1


def test_who_saw_her_is_told_of_all_her_records(anne, nan, look, everything, me, now):
    for person in (anne, nan):
        log_sight(everything, "person", person_id=person.pk, now=now)
    merge_persons(anne, nan, by=me, now=now)
    assert {s.person_id for s in sights(everything, *look(anne).members)} == {anne.pk, nan.pk}
