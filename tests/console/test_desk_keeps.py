"""What the desk keeps for its reader: views, drafts, keys, whom she opened lately; and what erasure takes from it."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

import pytest

from egard.base.refusal import NotFound
from egard.console import drafts, views
from egard.console import worklist_acts as acts
from egard.console.models import Deed, Draft, SavedView
from egard.console.worklist_lists import NAME_ADVISER, REMOVE_IDENTIFIER
from egard.console.worklist_snooze import put_off, snooze
from egard.kernel.access.operations import ensure_team
from egard.kernel.access.queries import viewer_for
from egard.kernel.lifecycle.operations import erase_person, export_person, merge_persons, undo_merge
from egard.kernel.people import operations as people
from egard.kernel.people import queries
from egard.kernel.registry import Action, Composer, DeclarationError, Done, Journey, Permission, Registry, registry

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


def test_a_list_opens_with_the_view_that_was_chosen_and_a_removed_one_comes_back(read_as, town, names):
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
    with pytest.raises(NotFound):
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


def test_a_merge_brings_drafts_and_rows_put_off_and_its_undoing_gives_them_back(camille, town, me, now):
    stays, joins = town[:2]
    viewer = viewer_for(camille)
    drafts.save_draft(viewer, "notes", joins, "She moved to Lyon", now=now)
    snooze(viewer, "without-adviser", [str(joins.uuid)], until=now + timedelta(days=1), now=now)
    merge = merge_persons(stays, joins, by=me, now=now)
    whole = queries.person(viewer, stays.uuid)
    assert drafts.draft(viewer, "notes", whole).text == "She moved to Lyon"
    assert put_off(viewer, "without-adviser", now=now) == {str(stays.uuid)}
    drafts.save_draft(viewer, "notes", whole, "She moved to Lyon in May", now=now)
    undo_merge(merge, by=me, now=now)
    assert drafts.draft(viewer, "notes", queries.person(viewer, stays.uuid)) is None
    assert drafts.draft(viewer, "notes", queries.person(viewer, joins.uuid)).text == "She moved to Lyon in May"
    assert put_off(viewer, "without-adviser", now=now) == {str(joins.uuid)}


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


def test_colleagues_are_offered_by_a_part_of_their_names(read_as, camille, hugo, names):
    told = read_as("agent", name="Sofia Martel").get("/palette/colleagues/", {"q": "dél"}).json()
    assert [UUID(one["id"]) for one in told["colleagues"]] == [hugo.pk]
