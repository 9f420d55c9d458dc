"""The workbench without a browser: lists, what is done in bulk and undone, putting off, views, drafts."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from egard.console import drafts, views
from egard.console import worklist_acts as acts
from egard.console.models import Deed, Draft, SavedView, Snooze
from egard.console.worklist_lists import NAME_ADVISER, REMOVE_IDENTIFIER
from egard.console.worklist_snooze import BadMoment, put_off, snooze_action, until_of
from egard.kernel.access.models import Sight
from egard.kernel.access.operations import ensure_site, ensure_team
from egard.kernel.access.queries import viewer_for
from egard.kernel.lifecycle.operations import erase_person, export_person
from egard.kernel.people import operations as people
from egard.kernel.people import queries
from egard.kernel.people.models import Relationship
from egard.kernel.registry import Action, Composer, DeclarationError, Done, Journey, Permission, Registry, registry


@pytest.fixture
def camille(make_user):
    return make_user("adviser", name="Camille Roussel")


@pytest.fixture
def hugo(make_user):
    return make_user("adviser", name="Hugo Delmas")


@pytest.fixture
def town(make_person):
    return [make_person("Zoé", name, email=f"{name}@example.org") for name in ("Allard", "Berger", "Colin", "Dubois")]


def names(response) -> list[str]:
    return re.findall(r'<span class="work-title">([^<]+)<', response.content.decode())


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


def test_the_lists_of_a_role_and_how_many_wait(read_as, town, me, now):
    reader = read_as("adviser")
    people.set_adviser(town[2], reader.user, since=now, by=me, now=now)
    page = reader.get("/worklist/").content.decode()
    assert re.findall(r'lists-name">([^<]+)<', page)[-3:] == ["My clients", "Without an adviser", "People"]
    assert names(reader.get("/worklist/clients/")) == ["Zoé Colin"]
    assert names(reader.get("/worklist/without-adviser/")) == ["Zoé Allard", "Zoé Berger", "Zoé Dubois"]
    assert names(reader.get("/worklist/without-adviser/?order=newest"))[0] == "Zoé Dubois"


def test_a_list_is_filtered_by_shop_and_goes_on_by_cursor(read_as, make_person, part, me, now, monkeypatch):
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


# --- views


def test_a_shared_view_is_seen_by_the_team_only(make_user, me, now):
    advice, back = (ensure_team(code, code.title(), by=me, now=now) for code in ("advice", "back"))
    camille, hugo, paul = (
        make_user("adviser", name=name, teams=[team])
        for name, team in (("Camille", advice), ("Hugo", advice), ("Paul", back))
    )
    clients = registry.worklists["clients"]
    views.save_view(viewer_for(camille), clients, "New ones", {"order": "newest"}, shared=str(advice.pk), now=now)
    views.save_view(viewer_for(camille), clients, "Mine", {"order": "newest"}, now=now)
    seen = [[tab.name for tab in views.views_of(viewer_for(user), clients)] for user in (camille, hugo, paul)]
    assert seen == [["Mine", "New ones"], ["New ones"], []]
    for shared in (str(back.pk), "all", "x"):
        with pytest.raises(views.BadView):
            views.save_view(viewer_for(camille), clients, "Theirs", {}, shared=shared, now=now)
    with pytest.raises(views.BadView):
        views.save_view(viewer_for(camille), clients, "   ", {}, now=now)


def test_a_list_opens_with_the_view_that_was_chosen_and_a_removed_one_comes_back(read_as, town):
    reader = read_as("adviser")
    saved = {"name": "New ones", "order": "newest", "opens": "on"}
    answer = reader.post("/worklist/without-adviser/views/", saved)
    assert names(reader.get("/worklist/without-adviser/"))[0] == "Zoé Dubois"
    assert names(reader.get("/worklist/without-adviser/?view=all"))[0] == "Zoé Allard"
    view = SavedView.objects.get()
    assert answer.url.endswith(f"?view={view.pk}")
    gone = reader.post("/do/console.remove_view/", {"id": str(view.pk)}).content.decode()
    assert "The view “New ones” is removed." in gone
    assert names(reader.get("/worklist/without-adviser/"))[0] == "Zoé Allard"
    reader.post("/undo/")
    assert SavedView.objects.get().pk == view.pk


def test_nobody_removes_the_view_of_another(camille, hugo, now):
    mine = views.save_view(viewer_for(camille), registry.worklists["clients"], "Mine", {}, now=now)
    assert acts.action_named(viewer_for(hugo), "console.remove_view")
    with pytest.raises(Exception, match="not_found"):
        views.remove_views(viewer_for(hugo), [str(mine.pk)], now=now)


# --- drafts


def test_a_draft_survives_and_goes_when_it_is_empty(read_as, town):
    reader = read_as("adviser")
    place = {"place": "notes", "person": str(town[0].uuid)}
    reader.post("/drafts/", {**place, "text": "Prefers the morn"})
    reader.post("/drafts/", {**place, "text": "Prefers the morning"})
    reader.logout()
    reader.force_login(reader.user)
    assert reader.get("/drafts/", place).json()["text"] == "Prefers the morning"
    assert reader.get("/drafts/", {"place": "notes", "person": str(town[1].uuid)}).json()["text"] == ""
    reader.post("/drafts/", {**place, "text": " "})
    assert not Draft.objects.exists()
    assert reader.post("/drafts/", {"place": "No Place", "text": "x"}).status_code == 422
    assert reader.post("/drafts/", {**place, "text": "x" * 20_001}).status_code == 422


def test_a_draft_is_nobody_elses_and_of_nobody_out_of_sight(read_as, town, camille, now):
    drafts.save_draft(viewer_for(camille), "notes", town[0], "hers", now=now)
    place = {"place": "notes", "person": str(town[0].uuid)}
    assert read_as("adviser").get("/drafts/", place).json()["text"] == ""
    assert read_as("host").post("/drafts/", {**place, "text": "x"}).status_code == 404
    drafts.forget_draft(viewer_for(camille), "notes", town[0])
    assert drafts.draft(viewer_for(camille), "notes", town[0]) is None


def test_erasure_takes_drafts_deeds_and_what_was_typed_in_views(camille, town, everything, me, now):
    viewer, gone, other = viewer_for(camille), town[0], town[1]
    drafts.save_draft(viewer, "notes", gone, "Zoé Allard called", now=now)
    acts.do(viewer, REMOVE_IDENTIFIER, [str(gone.uuid)], choice="email:allard@example.org", now=now)
    _said, deed = acts.do(
        viewer, NAME_ADVISER, [str(gone.uuid), str(other.uuid)], choice=str(camille.pk), now=now + timedelta(seconds=1)
    )
    views.save_view(viewer, registry.worklists["people"], "Her", {"q": "allard"}, now=now)
    views.save_view(viewer, registry.worklists["people"], "Them", {"q": "berger"}, now=now)
    assert export_person(everything, gone, now=now)["console"][0]["text"] == "Zoé Allard called"
    erase_person(gone, by=me, now=now)
    assert not Draft.objects.exists()
    held = str(list(Deed.objects.values_list("former", "said"))).lower()
    assert "allard" not in held
    with pytest.raises(people.Erased):
        drafts.save_draft(viewer, "notes", queries.person(everything, gone.uuid), "again", now=now)
    assert str(gone.uuid) not in held
    assert dict(SavedView.objects.values_list("name", "filters")) == {"Her": {}, "Them": {"q": "berger"}}
    assert acts.undo(viewer, deed.pk, now=now + timedelta(seconds=2)).restored == 1  # the other is still hers to undo


# --- palette and keys


def test_the_palette_begins_with_those_opened_lately(read_as, town):
    reader = read_as("adviser")
    for person in (town[1], town[3], town[1]):
        reader.get(f"/people/{person.uuid}/")
    told = reader.get("/palette/people/").json()["people"]
    assert [one["label"] for one in told] == ["Zoé Berger", "Zoé Dubois"]
    found = reader.get("/palette/people/", {"q": "coli"}).json()["people"]
    assert [one["url"] for one in found] == [f"/people/{town[2].uuid}/"]
    assert read_as("analyst").get("/palette/people/", {"q": "coli"}).json()["people"] == []


def test_single_keys_are_switched_off_and_the_page_knows(read_as, town):
    reader = read_as("adviser")
    assert '"single": true' in reader.get("/people/").content.decode()
    reader.post("/keys/", {"on": "no"})
    assert '"single": false' in reader.get("/people/").content.decode()
    reader.post("/keys/", {"on": "yes"})
    assert '"single": true' in reader.get("/people/").content.decode()


def test_a_key_that_would_mean_two_things_is_refused_at_start():
    def declare(*keys: str) -> None:
        found = Registry()
        done = Action("toys.do", "Do", "toys.read", run=lambda *a, **k: Done(""), key=keys[0], on="person")
        place = Composer("toy", "Toy", "toys.read", "toy.html", key=keys[1])
        found.add(
            Journey(
                name="toys",
                label="Toys",
                permissions=(Permission("toys.read", "see toys"),),
                actions=(done,),
                composers=(place,),
            )
        )
        found.check()

    declare("d", "t")
    for twice in (("d", "d"), ("j", "t"), ("d", "z")):
        with pytest.raises(DeclarationError, match="the key"):
            declare(*twice)


def test_the_sheet_lists_the_keys_of_the_page_and_no_others(read_as, town):
    reader = read_as("adviser")

    def sheet(address: str) -> set[str]:
        return set(re.findall(r"<dd>([^<]+)</dd>", reader.get(address).content.decode()))

    assert {"Next row", "Put off", "Name an adviser", "Note"} <= sheet("/worklist/clients/")
    assert {"Name an adviser", "Note"} <= sheet(f"/people/{town[0].uuid}/")
    assert not {"Next row", "Put off"} & sheet(f"/people/{town[0].uuid}/")
    assert "Put off" not in sheet("/people/")  # a register is no work
    assert not {"Name an adviser", "Note"} & sheet("/worklist/")


def test_colleagues_are_offered_by_a_part_of_their_names(read_as, camille, hugo):
    told = read_as("agent", name="Sofia Martel").get("/palette/colleagues/", {"q": "dél"}).json()
    assert [UUID(one["id"]) for one in told["colleagues"]] == [hugo.pk]
