"""A journey is a folder, and adding one edits nothing else: proved by an outsider's package in tests/toys."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from django.urls import reverse
from django.utils import translation
from house_source import ROOT, SRC, tracked_files

from egard.kernel.access.queries import viewer_for
from egard.kernel.lifecycle.operations import erase_person, export_person
from egard.kernel.people import queries as people
from egard.kernel.registry import Journey, find_journeys, registry
from egard.kernel.timeline.models import Fact
from egard.kernel.timeline.queries import timeline
from egard.site.apps import DECLARING

JOURNEYS = SRC / "egard" / "journeys"
FOLDERS = sorted(path for path in JOURNEYS.iterdir() if path.is_dir() and path.name != "__pycache__")


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_every_folder_of_journeys_declares_itself_and_says_why(folder):
    declared = registry.journeys.get(folder.name)
    assert isinstance(declared, Journey), f"{folder.name}/journey.py declares no journey of that name"
    assert str(declared.label)
    assert (folder / "README.md").is_file(), "one page: what, why, figures"
    assert list((folder / "tests").glob("test_*.py")), "a journey brings its tests"


def test_every_declared_journey_is_a_folder_of_ours_or_an_outsiders_package():
    house = {package.rpartition(".")[2] for package in DECLARING}
    ours = {folder.name for folder in FOLDERS}
    assert set(registry.journeys) == house | ours | {"parcels"}
    assert find_journeys()[-1] == "egard_parcels"


def test_nothing_of_ours_knows_the_outsiders_journey():
    for path in tracked_files("src"):
        assert b"parcel" not in path.read_bytes().lower(), f"{path} was edited for an outsider's journey"


def _declared(pythonpath: str) -> dict[str, list[str]]:
    """What a fresh process finds with these folders to import from."""
    script = (
        "import django, json; django.setup()\n"
        "from egard.kernel.registry import registry as r\n"
        "print(json.dumps({'journeys': list(r.journeys), 'panels': list(r.panels), 'facts': list(r.facts)}))"
    )
    told = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONPATH": pythonpath},
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    return json.loads(told.stdout)


def test_the_same_product_starts_with_the_package_and_without_it():
    without = _declared(f"{SRC}")
    with_it = _declared(f"{SRC}{os.pathsep}{ROOT / 'tests' / 'toys'}")
    assert "parcels" not in without["journeys"]
    assert with_it["journeys"] == [*without["journeys"], "parcels"]
    assert set(with_it["panels"]) - set(without["panels"]) == {"parcels"}
    assert set(with_it["facts"]) - set(without["facts"]) == {"parcels.sent/1", "parcels.lost/1"}


@pytest.fixture
def sent(transactional_db, make_user, make_person, settle, me, now):
    """Somebody with two parcels, one lost; and an agent."""
    from egard_parcels.operations import lose, send

    person = make_person("Zélie", "Marchand", email="zelie@example.org")
    send(person, "P-1", carrier="La Poste", by=me, now=now)
    send(person, "P-2", carrier="La Poste", by=me, now=now)
    lose(person, "P-2", words="Zélie had waited for it", by=me, now=now)
    settle()
    return person, make_user("agent")


def test_its_facts_are_on_the_timeline_with_their_french_words(sent):
    person, agent = sent
    viewer = viewer_for(agent)
    with translation.override("fr"):
        lines = [entry.headline for entry in timeline(viewer, person).items]
    assert lines == ["Colis P-2 perdu", "Colis P-2 parti avec La Poste", "Colis P-1 parti avec La Poste"]


def test_its_panel_is_on_the_persons_page(sent, client):
    person, agent = sent
    client.force_login(agent)
    url = reverse("console:panel", args=[person.uuid, "parcels"])
    page = client.get(reverse("console:person", args=[person.uuid]))
    assert page.status_code == 200
    assert url in page.content.decode()
    panel = client.get(url, headers={"Accept-Language": "fr"}).content.decode()
    assert "2 colis envoyés" in panel
    assert "P-2 – perdu" in panel


def test_what_it_has_open_is_on_the_persons_page_and_in_overview(sent, client):
    person, agent = sent
    client.force_login(agent)
    page = client.get(reverse("console:person", args=[person.uuid])).content.decode()
    assert "Parcel P-1" in page
    assert "Parcel P-2" not in page  # it was lost: nothing is open any more
    overview = client.get(f"/api/v1/people/{person.uuid}/overview").json()
    assert [item["label"] for item in overview["open"]] == ["Parcel P-1"]


def test_its_endpoint_is_in_the_openapi_and_answers(sent, client, me, now):
    from egard.kernel.access.operations import create_api_key

    person, _agent = sent
    described = client.get("/api/v1/openapi.json").json()
    assert "/api/v1/people/{person_id}/parcels" in described["paths"]
    _key, secret = create_api_key(name="test", scopes=["people.read", "parcels.read"], by=me, now=now)
    answer = client.get(f"/api/v1/people/{person.uuid}/parcels", headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 200
    assert answer.json()["items"] == ["P-1", "P-2"]


def test_its_permission_holds(sent, make_user, client, me, now):
    from egard.kernel.access.operations import create_api_key

    person, _agent = sent
    _key, secret = create_api_key(name="test", scopes=["people.read"], by=me, now=now)
    answer = client.get(f"/api/v1/people/{person.uuid}/parcels", headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 403
    assert answer.json()["code"] == "access.not_allowed"
    client.force_login(make_user("supervisor"))
    assert "panels/parcels" not in client.get(reverse("console:person", args=[person.uuid])).content.decode()


def test_its_parcels_follow_a_merge_and_its_undoing(sent, client, make_person, me, now):
    from egard.kernel.lifecycle.operations import merge_persons, undo_merge

    person, agent = sent
    survivor = make_person("Zél", "Marchand")
    client.force_login(agent)
    preview = client.get(reverse("console:merge", args=[survivor.uuid]), {"with": person.uuid}).content.decode()
    assert ">2 <span" in preview.split("Parcels")[-1] or ">2 <span" in preview.split("Colis")[-1]
    merge = merge_persons(survivor, person, by=me, now=now)
    panel = reverse("console:panel", args=[survivor.uuid, "parcels"])
    assert "P-2" in client.get(panel).content.decode()
    undo_merge(merge, by=me, now=now)
    assert "P-2" not in client.get(panel).content.decode()


def test_its_rows_are_in_the_persons_copy_and_are_redacted_when_she_is_erased(sent, everything, me, now):
    from egard_parcels.models import Parcel

    person, _agent = sent
    copy = export_person(everything, person, now=now)
    assert {row["recipient"] for row in copy["parcels"]} == {"Zélie Marchand"}

    erase_person(person, by=me, now=now)
    assert set(Parcel.objects.filter(person=person).values_list("number", "recipient")) == {("P-1", ""), ("P-2", "")}
    left = str(list(Fact.objects.filter(person=person).values_list("data", flat=True)))
    assert "Zélie" not in left
    assert "P-1" in left
    assert people.person(everything, person.uuid).name == ""
