"""Who sees which promises, and what becomes of them with a person: merged, copied, erased."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.utils import translation
from owing import ANSWER, HOUR, facts, fresh

from egard.kernel.access.operations import grant_role
from egard.kernel.access.queries import viewer_for
from egard.kernel.lifecycle.operations import erase_person, export_person, merge_persons, undo_merge
from egard.kernel.people.operations import Erased
from egard.kernel.people.queries import open_items
from egard.kernel.people.queries import person as seen
from egard.kernel.promises import queries, refusals
from egard.kernel.promises.asked import Asked
from egard.kernel.promises.models import PromiseEvent
from egard.kernel.promises.operations import (
    assign,
    extend,
    keep,
    promise,
    publish,
)
from egard.kernel.registry import PromiseKind, registry
from egard.kernel.timeline.models import Fact

pytestmark = pytest.mark.django_db


# --- who sees what -------------------------------------------------------------------------------------------------


def test_staff_see_promises_as_far_as_they_reach(owed, team_of, make_user, me, now):
    team, site, agent, lead, other = team_of
    mine, hers, elsewhere = (
        owed(key="1", owner=agent, team=team),
        owed(key="2", owner=lead, site=site),
        owed(key="3", owner=other),
    )
    grant_role(agent, "agent", scope="own", by=me, now=now)
    viewer = viewer_for(agent, now=now)
    assert [row.pk for row in queries.promises(viewer, Asked()).items] == [mine.pk]
    with pytest.raises(queries.NotFound):
        queries.promise(viewer, hers.uuid)
    grant_role(agent, "agent", scope="site", by=me, now=now)
    viewer = viewer_for(agent, now=now)
    assert {row.pk for row in queries.promises(viewer, Asked()).items} == {mine.pk, hers.pk}
    everything = viewer_for(make_user("administrator"), now=now)
    assert queries.count(everything, Asked(owed=True)) == 3
    assert [row.pk for row in queries.some(everything, [elsewhere.uuid])] == [elsewhere.pk]
    page = queries.promises(everything, Asked(), limit=2)
    rest = queries.promises(everything, Asked(), limit=2, cursor=page.next)
    assert [row.pk for row in page.items + rest.items] == [mine.pk, hers.pk, elsewhere.pk]


def test_a_kind_that_asks_for_more_is_hidden_from_those_who_may_less(owed, make_user, monkeypatch, now):
    kind = PromiseKind("promises.audit", "Audit", "2 h", permission="access.audit", portal=False)
    monkeypatch.setitem(registry.promises, kind.name, kind)
    row = owed(kind=kind.name)
    agent, auditor = viewer_for(make_user("agent"), now=now), viewer_for(make_user("auditor"), now=now)
    assert queries.of_person(agent, row.person).items == []
    assert queries.of_person(auditor, row.person).items == [row]
    assert facts(row.person) == []  # between colleagues: nothing of it on her timeline


def test_what_is_owed_stands_on_the_persons_page_with_its_ring(owed, everything, me, now):
    row = owed(within="4 business hours", note="the price of the loan")
    (item,) = open_items(everything, row.person, now)
    assert str(item.label) == "the price of the loan"
    assert (item.ring.due_at, item.ring.working) == (row.due_at, True)
    with translation.override("fr"):
        assert str(Fact.objects.get(person=row.person).data["kind"]) == ANSWER
    keep(row, by=me, now=now + HOUR)
    assert open_items(everything, row.person, now) == []


def test_a_subject_has_its_promises_in_order(owed, everything, now):
    rows = [owed(key=str(n), subject="toy:7/a") for n in range(3)]
    assert queries.of_subject(everything, "toy:7/a", "toy:7/b") == rows


def test_somebody_else_sees_to_it(owed, make_user, me, now):
    row, agent = owed(), make_user("agent")
    assert assign(row, owner=agent, by=me, now=now + HOUR).owner_id == agent.pk
    assert assign(row, owner=agent, by=me, now=now + HOUR).version == 2
    keep(row, by=me, now=now + HOUR)
    with pytest.raises(refusals.Ended):
        assign(row, owner=None, by=me, now=now + HOUR)


def test_what_is_shown_to_all_is_switched_on_and_off(everything, me, now):
    assert not queries.is_published(None)
    publish(True, by=me, now=now)
    publish(True, by=me, now=now)
    assert queries.is_published(None)
    publish(False, by=me, now=now)
    assert not queries.is_published(None)


# --- merged, exported, erased --------------------------------------------------------------------------------------


def test_promises_follow_a_merge_and_its_undoing(owed, make_person, everything, me, now):
    row, survivor = owed(), make_person("Ann")
    merge = merge_persons(survivor, row.person, by=me, now=now)
    whole = seen(everything, survivor.uuid)
    assert queries.of_person(everything, whole).items == [row]
    assert queries.panel_count(everything, whole)[0][1] == 1
    undo_merge(merge, by=me, now=now)
    assert queries.of_person(everything, seen(everything, survivor.uuid)).items == []


def test_her_copy_tells_what_was_promised_and_erasure_leaves_no_word_of_it(owed, everything, me, now):
    row = owed(note="Anne’s loan")
    extend(row, within="9 h", reason="Anne asked", by=me, now=now)
    kept = owed(key="two", person=row.person, note="her card")
    keep(kept, by=me, now=now + HOUR)
    copy = export_person(everything, row.person, now=now)["promises"]
    assert [p["note"] for p in copy] == ["Anne’s loan", "her card"]
    assert [e["reason"] for e in copy[0]["events"]] == ["", "Anne asked"]

    erase_person(row.person, by=me, now=now + HOUR)
    assert (fresh(row).state, fresh(row).note) == ("released", "")
    assert (fresh(kept).state, fresh(kept).note) == ("kept", "")
    assert not PromiseEvent.objects.filter(reason__contains="Anne").exists()
    with pytest.raises(Erased):
        promise(row.person, ANSWER, within="2 h", key=str(uuid4()), by=me, now=now)
