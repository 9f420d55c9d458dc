"""The workbench without a browser: lists, what is done in bulk and undone, putting off, views, drafts."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from egard.console import worklist_acts as acts
from egard.console.models import Deed, Snooze
from egard.console.worklist_lists import NAME_ADVISER, REMOVE_IDENTIFIER
from egard.console.worklist_snooze import BadMoment, put_off, snooze_action, until_of
from egard.kernel.access.models import Sight
from egard.kernel.access.operations import ensure_site
from egard.kernel.access.queries import viewer_for
from egard.kernel.people import operations as people
from egard.kernel.people import queries
from egard.kernel.people.models import Relationship
from egard.kernel.registry import registry


def advisers(town) -> list[str | None]:
    """Who looks after each, and how many ties each has had."""
    told = []
    for person in town:
        ties = list(Relationship.objects.filter(person=person).order_by("pk").select_related("staff"))
        told.append((next((t.staff.name for t in ties if t.until is None), None), len(ties)))
    return told


# --- doing and undoing


def test_one_adviser_for_many_and_back_to_what_each_had(camille, hugo, town, me, now):
    people.set_adviser(town[0], hugo, since=now - timedelta(days=9), by=me, now=now)
    people.set_adviser(town[1], camille, since=now - timedelta(days=9), by=me, now=now)
    viewer, before = viewer_for(camille), advisers(town)
    said, deed = acts.do(viewer, NAME_ADVISER, [str(p.uuid) for p in town], choice=str(camille.pk), now=now)
    assert said == "3 clients now have Camille Roussel as adviser."  # the fourth was hers already
    assert [name for name, _ties in advisers(town)] == ["Camille Roussel"] * 4
    undone = acts.undo(viewer, deed.pk, now=now + timedelta(minutes=1))
    assert (undone.restored, undone.kept) == (3, 0)
    assert advisers(town) == before
    assert Relationship.objects.get(person=town[0]).since == now - timedelta(days=9)


def test_what_somebody_else_changed_since_is_left_and_counted(camille, hugo, town, me, now):
    viewer = viewer_for(camille)
    _said, deed = acts.do(viewer, NAME_ADVISER, [str(p.uuid) for p in town], choice=str(camille.pk), now=now)
    people.set_adviser(town[1], hugo, since=now + timedelta(minutes=1), by=me, now=now + timedelta(minutes=1))
    # Changed away and back again is changed too: the tie is another one.
    people.set_adviser(town[2], None, since=now + timedelta(minutes=1), by=me, now=now + timedelta(minutes=1))
    people.set_adviser(town[2], camille, since=now + timedelta(minutes=2), by=me, now=now + timedelta(minutes=2))
    undone = acts.undo(viewer, deed.pk, now=now + timedelta(minutes=3))
    assert (undone.restored, undone.kept) == (2, 2)
    assert [name for name, _ties in advisers(town)] == [None, "Hugo Delmas", "Camille Roussel", None]


def test_leaving_without_an_adviser_is_undone_too(camille, town, me, now):
    people.set_adviser(town[0], camille, since=now - timedelta(days=9), by=me, now=now)
    viewer = viewer_for(camille)
    acts.do(viewer, NAME_ADVISER, [str(town[0].uuid)], choice="nobody", now=now)
    assert advisers(town[:1]) == [(None, 1)]
    acts.undo(viewer, now=now)
    assert advisers(town[:1]) == [("Camille Roussel", 1)]


def test_nothing_is_undone_twice_by_another_or_after_a_day(camille, hugo, town, now):
    viewer = viewer_for(camille)
    _said, deed = acts.do(viewer, NAME_ADVISER, [str(town[0].uuid)], choice=str(hugo.pk), now=now)
    with pytest.raises(acts.NothingToUndo):
        acts.undo(viewer_for(hugo), deed.pk, now=now)
    with pytest.raises(acts.NothingToUndo):
        acts.undo(viewer, deed.pk, now=now + timedelta(hours=24, seconds=1))
    acts.undo(viewer, now=now + timedelta(hours=24))
    with pytest.raises(acts.NothingToUndo):
        acts.undo(viewer, deed.pk, now=now)


def test_when_all_was_changed_since_nothing_is_undone_and_that_is_said(camille, hugo, town, me, now):
    viewer = viewer_for(camille)
    acts.do(viewer, NAME_ADVISER, [str(town[0].uuid)], choice=str(camille.pk), now=now)
    people.set_adviser(town[0], hugo, since=now + timedelta(seconds=1), by=me, now=now + timedelta(seconds=1))
    with pytest.raises(acts.ChangedSince):
        acts.undo(viewer, now=now + timedelta(seconds=2))
    assert Deed.objects.get().undone_at is None


def test_an_action_leaves_out_whom_the_viewer_may_not_change(make_user, camille, town, me, now):
    own = make_user("adviser", name="Inès Ferrand")
    own.role_grants.update(scope="own")
    people.set_adviser(town[0], own, since=now - timedelta(days=1), by=me, now=now)
    said, _deed = acts.do(viewer_for(own), NAME_ADVISER, [str(p.uuid) for p in town], choice=str(camille.pk), now=now)
    assert said.startswith("1 client ")
    assert [name for name, _ties in advisers(town)] == ["Camille Roussel", None, None, None]


def test_an_identifier_that_is_taken_meanwhile_does_not_come_back(camille, town, make_person, me, now):
    viewer = viewer_for(camille)
    _said, deed = acts.do(viewer, REMOVE_IDENTIFIER, [str(town[0].uuid)], choice="email:allard@example.org", now=now)
    people.add_identifier(town[1], "email", "allard@example.org", by=me, now=now)
    with pytest.raises(acts.ChangedSince):
        acts.undo(viewer, deed.pk, now=now)
    people.remove_identifier(town[1], "email", "allard@example.org", by=me, now=now)
    assert acts.undo(viewer, deed.pk, now=now).restored == 1
    assert [e.value for e in queries.card(viewer, town[0]).reach] == ["allard@example.org"]


def test_the_page_does_it_to_all_that_match_and_says_how_many(read_as, town, monkeypatch):
    reader = read_as("adviser", name="Camille Roussel")
    everything = {"all": "1", "list": "without-adviser", "choice": str(reader.user.pk)}
    assert "All 4 rows" in reader.get("/worklist/without-adviser/matching/").json()["said"]
    done = reader.post("/do/console.name_adviser/", everything).content.decode()
    assert "4 clients now have Camille Roussel as adviser." in done
    undone = reader.post(re.search(r'hx-post="(/undo/[^"]+)"', done).group(1)).content.decode()
    assert "Undone: 4 are as they were." in undone
    monkeypatch.setattr("egard.console.worklist_acts.AT_ONCE_MAX", 3)
    assert reader.post("/do/console.name_adviser/", everything).headers["X-Egard-Refusal"] == "console.too_many"
    assert reader.post("/do/console.name_adviser/", {}).headers["X-Egard-Refusal"] == "console.nothing_chosen"
    assert reader.post("/do/console.name_adviser/", {**everything, "all": "", "id": "x"}).status_code in (404, 422)
    assert reader.post("/do/console.nothing/", everything).status_code == 404


def test_who_may_not_edit_is_refused_the_action_and_its_choices(read_as, town):
    reader = read_as("auditor")
    told = {"id": str(town[0].uuid), "choice": str(reader.user.pk)}
    assert reader.post("/do/console.name_adviser/", told).status_code == 403
    assert reader.get("/do/console.name_adviser/choices/").status_code == 403
    assert reader.get("/worklist/without-adviser/").status_code == 403
    assert reader.get("/worklist/nothing/").status_code == 404


# --- lists and panes


def test_the_lists_of_a_role_and_how_many_wait(read_as, town, me, now, names):
    reader = read_as("adviser")
    people.set_adviser(town[2], reader.user, since=now, by=me, now=now)
    page = reader.get("/worklist/").content.decode()
    ours = ["My clients", "Without an adviser", "People"]
    assert [name for name in re.findall(r'lists-name">([^<]+)<', page) if name in ours] == ours
    assert names(reader.get("/worklist/clients/")) == ["Zoé Colin"]
    assert names(reader.get("/worklist/without-adviser/")) == ["Zoé Allard", "Zoé Berger", "Zoé Dubois"]
    assert names(reader.get("/worklist/without-adviser/?order=newest"))[0] == "Zoé Dubois"


def test_a_list_is_filtered_by_shop_and_goes_on_by_cursor(read_as, make_person, part, me, now, monkeypatch, names):
    monkeypatch.setattr("egard.console.worklist.LIST_SIZE", 2)
    lyon = ensure_site("lyon", "Lyon", by=me, now=now)
    for name in ("Allard", "Berger", "Colin"):
        make_person("Zoé", name, site=lyon)
    make_person("Zoé", "Dubois")
    reader = read_as("agent")
    for order in ("", "newest"):
        page = reader.get("/worklist/without-adviser/", {"site": str(lyon.pk), "order": order})
        following = re.search(r'hx-get="([^"]+cursor[^"]+)"', page.content.decode()).group(1).replace("&amp;", "&")
        more = names(reader.get(following, headers=part("more")))
        assert sorted(names(page) + more) == ["Zoé Allard", "Zoé Berger", "Zoé Colin"]
    assert reader.get("/worklist/without-adviser/?site=lyon").status_code == 422


def test_a_row_opens_its_person_and_the_sight_is_logged(read_as, town):
    reader = read_as("adviser")
    pane = reader.get("/worklist/without-adviser/item/", {"id": str(town[0].uuid)})
    assert "allard@example.org" in pane.content.decode()
    assert 'data-compose="note"' in pane.content.decode()
    assert Sight.objects.filter(kind="person", person_id=town[0].pk).count() == 1
    for wrong in ("", "x", "0190a0a0-0000-7000-8000-000000000000"):
        assert reader.get("/worklist/without-adviser/item/", {"id": wrong}).status_code == 404


def test_a_list_and_a_pane_cost_the_same_however_many_rows(read_as, make_person, django_assert_max_num_queries):
    reader = read_as("adviser")
    for n in range(40):
        make_person("Zoé", f"Client {n:02}", email=f"{n}@example.org")
    person = make_person("Anne", "Lebœuf", email="anne@example.org")
    reader.get("/worklist/without-adviser/")
    with django_assert_max_num_queries(16):
        reader.get("/worklist/without-adviser/")
    with django_assert_max_num_queries(14 + len(registry.open)):
        reader.get("/worklist/without-adviser/item/", {"id": str(person.uuid)})


# --- putting off


def test_a_row_that_is_put_off_comes_back_exactly_at_its_moment_and_only_hers_is_hidden(camille, hugo, town, now):
    viewer, key = viewer_for(camille), str(town[0].uuid)
    said, _deed = acts.do(viewer, snooze_action("clients"), [key], choice="tomorrow", now=now)
    assert said == "Put off until tomorrow 09:00."
    moment = datetime(2026, 3, 11, 8, 0, tzinfo=UTC)  # nine in Paris
    assert put_off(viewer, "clients", now=moment - timedelta(microseconds=1)) == {key}
    assert put_off(viewer, "clients", now=moment) == frozenset()
    assert put_off(viewer_for(hugo), "clients", now=now) == frozenset()
    assert put_off(viewer, "without-adviser", now=now) == frozenset()


def test_putting_off_is_undone_to_the_moment_before(camille, town, now):
    viewer, key = viewer_for(camille), str(town[0].uuid)
    acts.do(viewer, snooze_action("clients"), [key], choice="tomorrow", now=now)
    acts.do(viewer, snooze_action("clients"), [key], choice="2026-04-01", now=now + timedelta(seconds=1))
    acts.undo(viewer, now=now + timedelta(seconds=2))
    assert Snooze.objects.get().until == datetime(2026, 3, 11, 8, 0, tzinfo=UTC)
    acts.undo(viewer, now=now + timedelta(seconds=3))
    assert not Snooze.objects.exists()


@pytest.mark.parametrize(
    ("now", "choice", "until"),
    [
        ("2026-03-28T22:30Z", "tomorrow", "2026-03-29T07:00Z"),  # the clock goes forward in that night
        ("2026-10-24T10:00Z", "tomorrow", "2026-10-25T08:00Z"),  # and back in that one
        ("2026-03-10T23:30Z", "tomorrow", "2026-03-12T08:00Z"),  # in Paris it is the 11th already
        ("2026-03-15T10:00Z", "monday", "2026-03-16T08:00Z"),  # a Sunday
        ("2026-03-16T10:00Z", "monday", "2026-03-23T08:00Z"),  # a Monday
    ],
)
def test_nine_in_the_morning_is_nine_on_the_wall(now, choice, until):
    moment = datetime.fromisoformat(now.replace("Z", "+00:00"))
    assert until_of(choice, now=moment) == datetime.fromisoformat(until.replace("Z", "+00:00"))


def test_a_day_that_is_past_or_too_far_is_refused(now):
    for wrong in ("2026-03-10", "2026-03-09", "2027-03-20", "soon", ""):
        with pytest.raises(BadMoment):
            until_of(wrong, now=now)
