"""An outsider's journey declares a list and gets the workbench: page, panes, keys, bulk, snooze, views, undo."""

from __future__ import annotations

import re

import pytest

from egard.base.clock import utc_now


@pytest.fixture
def lost(transactional_db, make_person, settle, me, now):
    """Three lost parcels, one number of them sent to two persons."""
    from egard_parcels.operations import lose, send

    zelie, yann = make_person("Zélie", "Marchand"), make_person("Yann", "Le Bihan")
    for person, number in ((zelie, "P-1"), (zelie, "P-2"), (yann, "P-2")):
        send(person, number, carrier="La Poste", by=me, now=now)
        lose(person, number, by=me, now=now)
    settle()
    return zelie, yann


def rows(page) -> dict[str, str]:
    """Title by row."""
    return dict(re.findall(r'data-row="(\d+)".*?work-title">([^<]+)<', page.content.decode(), re.S))


def test_it_has_its_page_its_keys_its_filter_and_its_place_in_the_palette(lost, client, make_user):
    client.force_login(make_user("agent", language="fr"))
    page = client.get("/worklist/lost-parcels/")
    assert sorted(rows(page).values()) == ["Parcel P-1", "Parcel P-2", "Parcel P-2"]
    said = page.content.decode()
    assert "Colis perdus" in said
    assert '"keys": "e", "does": "act", "with": "parcels.settle", "label": "R\\u00e9gler"' in said
    assert '"keys": "g l", "does": "go", "with": "/worklist/lost-parcels/"' in client.get("/people/").content.decode()
    assert list(rows(client.get("/worklist/lost-parcels/?number=P-1")).values()) == ["Parcel P-1"]
    assert "Colis perdus" in client.get("/worklist/").content.decode()


def test_its_items_open_beside_their_persons_and_two_stand_side_by_side(lost, client, make_user):
    client.force_login(make_user("agent", language="en"))
    listed = rows(client.get("/worklist/lost-parcels/"))
    one = next(row for row, title in listed.items() if title == "Parcel P-1")
    two = next(row for row, title in listed.items() if title == "Parcel P-2")
    pane = client.get("/worklist/lost-parcels/item/", {"id": one}).content.decode()
    assert "<h2>Parcel P-1</h2>" in pane
    assert pane.count("card-person") == 1
    both = client.get("/worklist/lost-parcels/item/", {"id": two}).content.decode()
    assert both.count('class="card-person"') == 2
    assert "has-two" in both


def test_its_action_is_done_in_bulk_and_undone_and_its_rows_are_put_off(lost, client, make_user):
    client.force_login(make_user("agent", language="en"))
    listed = list(rows(client.get("/worklist/lost-parcels/")))
    done = client.post("/do/parcels.settle/", {"id": listed[:2]})
    assert "2 parcels settled." in done.content.decode()
    assert list(rows(client.get("/worklist/lost-parcels/"))) == listed[2:]
    assert "2 are as they were" in client.post("/undo/").content.decode()
    client.post("/do/console.snooze:lost-parcels/", {"id": listed[0], "choice": "tomorrow"})
    page = client.get("/worklist/lost-parcels/")
    assert list(rows(page)) == listed[1:]
    assert "1 put off" in page.content.decode()
    client.post("/worklist/lost-parcels/views/", {"name": "P-1", "number": "P-1"})
    assert ">P-1<" in client.get("/worklist/lost-parcels/").content.decode()


def test_its_actions_on_persons_come_with_the_house(lost, client, make_user):
    """`A` names an adviser for the person of a row: nothing was declared for that."""
    from egard.kernel.people.queries import adviser

    agent = make_user("agent", language="en", name="Sofia Martel")
    client.force_login(agent)
    zelie, _yann = lost
    client.post("/do/console.name_adviser/", {"id": str(zelie.uuid), "choice": str(agent.pk)})
    from egard.kernel.access.queries import viewer_for

    assert adviser(viewer_for(agent, now=utc_now()), zelie).name == "Sofia Martel"


def test_who_may_not_see_parcels_has_no_such_list(lost, client, make_user):
    client.force_login(make_user("supervisor", language="en"))
    assert client.get("/worklist/lost-parcels/").status_code == 403
    assert "lost-parcels" not in client.get("/worklist/").content.decode()
