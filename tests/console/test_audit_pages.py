"""Who saw what: the auditor's pages, files opened for a reason, and the log at size."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection

import egard
from egard.base.clock import utc_now
from egard.console import words
from egard.kernel.access import audit
from egard.kernel.access.actors import Actor, NotAllowed, Viewer
from egard.kernel.access.audit import SightFilter
from egard.kernel.access.models import Change, Sight
from egard.kernel.access.operations import log_sight
from egard.kernel.access.queries import viewer_for
from egard.kernel.lifecycle.operations import erase_person, merge_persons, undo_merge
from egard.kernel.people import bulk
from egard.kernel.people import operations as people
from egard.kernel.people.operations import protect

pytestmark = pytest.mark.django_db


@pytest.fixture
def anne(make_person):
    return make_person("Anne", "Kerouac", email="anne@example.org")


def test_a_protected_file_opens_for_a_reason_once_a_day(read_as, anne, me):
    now = utc_now()
    protect(anne, True, by=me, now=now)
    agent = read_as("agent")
    asked = agent.get(f"/people/{anne.uuid}/")
    assert asked.status_code == 403
    assert asked["X-Egard-Refusal"] == "people.reason_needed"
    assert b"Why do you need this file?" in asked.content
    assert b"Kerouac" not in asked.content
    assert not Sight.objects.exists()
    again = agent.post(f"/people/{anne.uuid}/reason/", {"reason": " a ", "next": f"/people/{anne.uuid}/"})
    assert b"Say it in a few words." in again.content
    said = agent.post(
        f"/people/{anne.uuid}/reason/", {"reason": "She called about order 12", "next": f"/people/{anne.uuid}/"}
    )
    assert said.status_code == 302
    assert said["Location"] == f"/people/{anne.uuid}/"
    assert agent.get(f"/people/{anne.uuid}/").status_code == 200
    assert list(Sight.objects.order_by("id").values_list("kind", "reason")) == [
        ("reason", "She called about order 12"),
        ("person", ""),
    ]
    Sight.objects.update(at=now - timedelta(days=1, hours=1))
    assert agent.get(f"/people/{anne.uuid}/").status_code == 403


def test_an_answer_never_leads_away_from_the_house(read_as, anne, me):
    protect(anne, True, by=me, now=utc_now())
    agent = read_as("agent")
    for address in ("https://elsewhere.example/", "//elsewhere.example/", "javascript:alert(1)"):
        said = agent.post(f"/people/{anne.uuid}/reason/", {"reason": "She called", "next": address})
        assert said["Location"] == f"/people/{anne.uuid}/"


def test_every_door_to_a_protected_file_asks(read_as, anne, me, part):
    protect(anne, True, by=me, now=utc_now())
    agent = read_as("agent")
    for address in ("timeline/", "panels/purchases/"):
        refused = agent.get(f"/people/{anne.uuid}/{address}", headers=part("x"))
        assert refused["X-Egard-Refusal"] == "people.reason_needed"
    refused = agent.post(f"/people/{anne.uuid}/identifiers/", {"kind": "email", "value": "b@example.org"})
    assert refused["X-Egard-Refusal"] == "people.reason_needed"
    assert anne.identifiers.count() == 1


def test_who_may_protects_a_file_and_undoes_it(read_as, anne):
    hr = read_as("supervisor")
    hr.post(f"/people/{anne.uuid}/protection/", {"protected": "yes"})
    anne.refresh_from_db()
    assert anne.protected_at
    assert b"Protected: whoever opens it says why." in hr.get(f"/people/{anne.uuid}/").content
    hr.post(f"/people/{anne.uuid}/protection/", {"protected": "no"})
    anne.refresh_from_db()
    assert anne.protected_at is None
    assert list(Change.objects.filter(what__startswith="people.").values_list("what", flat=True)) == [
        "people.protected",
        "people.unprotected",
    ]
    assert read_as("agent").post(f"/people/{anne.uuid}/protection/", {"protected": "yes"}).status_code == 403


def test_the_house_may_ask_for_every_file_or_for_none(read_as, anne, me, settings):
    agent = read_as("agent")
    settings.ASK_WHY = "always"
    assert agent.get(f"/people/{anne.uuid}/").status_code == 403
    settings.ASK_WHY = "never"
    protect(anne, True, by=me, now=utc_now())
    assert agent.get(f"/people/{anne.uuid}/").status_code == 200


def test_the_log_tells_who_saw_whom_and_is_filtered(read_as, make_user, make_person, anne, now):
    zoe = viewer_for(make_user("agent", name="Zoé Diallo"))
    bruno = make_person("Bruno", "Keita")
    log_sight(zoe, "person", person_id=anne.pk, now=now)
    log_sight(zoe, "person", person_id=bruno.pk, now=now + timedelta(days=1))
    log_sight(zoe, "list", detail="keita", now=now + timedelta(days=2))
    auditor = read_as("auditor", name="Agnès Collin")
    page = auditor.get("/admin/audit/").content.decode()
    for word in ("Zoé Diallo", "Anne Kerouac", "Bruno Keita", "“keita”"):
        assert word in page
    assert page.index("“keita”") < page.index("Anne Kerouac")

    def shown(**asked: str) -> str:
        return auditor.get("/admin/audit/", asked).content.decode().partition("<tbody>")[2]

    assert "Bruno" not in shown(person=str(anne.uuid))
    assert "Bruno" not in shown(person="kerouac")
    assert shown(person="nobody of this name") == ""
    assert "Bruno" not in shown(kind="list")
    assert "Anne" not in shown(since="2026-03-11", kind="person")
    assert "Bruno" not in shown(until="2026-03-10")
    assert shown(door="api") == ""
    assert "Anne" in shown(who=str(zoe.actor))
    # Reading the log is a sight of its own, with what was asked but not whom.
    assert Sight.objects.filter(kind="audit", person_id=anne.pk).count() == 2
    assert "kerouac" not in str(list(Sight.objects.filter(kind="audit").values_list("detail", flat=True)))


def test_what_was_seen_of_either_row_stands_in_one_list_after_a_merge(read_as, make_user, make_person, anne, me, now):
    from egard.kernel.lifecycle.operations import merge_persons

    zoe = viewer_for(make_user("agent", name="Zoé Diallo"))
    twin = make_person("", "", phone="06 12 34 56 78")
    log_sight(zoe, "person", person_id=anne.pk, now=now)
    log_sight(zoe, "person", person_id=twin.pk, now=now + timedelta(days=1))
    merge_persons(anne, twin, by=me, now=now + timedelta(days=2))
    auditor = read_as("auditor")
    for uuid in (anne.uuid, twin.uuid):
        page = auditor.get("/admin/audit/", {"person": str(uuid), "kind": "person"}).content.decode()
        assert page.partition("<tbody>")[2].count("Anne Kerouac") == 2
    assert auditor.get(f"/people/{anne.uuid}/sights/").content.decode().count("Zoé Diallo") == 2
    protect(twin, True, by=me, now=utc_now())
    assert read_as("agent").get(f"/people/{anne.uuid}/")["X-Egard-Refusal"] == "people.reason_needed"


def test_changes_of_the_house_stand_beside(read_as, make_user):
    make_user("agent", email="zoe@example.org", name="Zoé Diallo")
    page = read_as("auditor").get("/admin/audit/changes/").content.decode()
    assert "created a user" in page
    assert "zoe@example.org" in page
    assert "gave a role" in page
    assert "Zoé Diallo" in page


def test_naming_an_adviser_and_merging_stand_in_the_log_of_changes(read_as, make_user, anne, make_person, me, now):
    inès = make_user("adviser", email="ines@example.org", name="Inès Ferrand")
    ties = bulk.name_adviser([anne.pk], inès, by=me, now=now)
    bulk.take_back_adviser(ties, by=me, now=now)
    people.set_adviser(anne, inès, since=now, by=me, now=now)
    people.set_adviser(anne, None, since=now, by=me, now=now)
    undo_merge(merge_persons(anne, make_person("Nan", "Leboeuf"), by=me, now=now), by=me, now=now)
    page = read_as("auditor").get("/admin/audit/changes/").content.decode()
    for said in ("named an adviser", "undid the naming", "took an adviser away", "merged two persons", "undid a merge"):
        assert said in page
    assert f'href="/people/{anne.uuid}/"' in page
    assert "Inès Ferrand" in page


def test_every_change_that_is_logged_has_its_words():
    """Whoever reads the log reads words, not codes."""
    called = re.compile(r"log_changes?\(\s*(\"[^,]+)")
    source = "".join(path.read_text() for path in Path(egard.__file__).parent.rglob("*.py"))
    codes = {code for call in called.findall(source) for code in re.findall(r'"([a-z_]+\.[a-z_]+)"', call)}
    assert len(codes) > 20
    assert codes <= set(words.CHANGES)


def test_only_those_allowed_read_the_log(read_as, anne):
    agent = read_as("agent")
    for address in ("", "changes/", "figures/", "export.csv"):
        assert agent.get(f"/admin/audit/{address}").status_code == 403
    assert agent.get(f"/people/{anne.uuid}/sights/").status_code == 403
    assert b"/sights/" not in agent.get(f"/people/{anne.uuid}/").content
    assert b"/sights/" in read_as("auditor").get(f"/people/{anne.uuid}/").content


def test_the_copy_of_the_log_is_safe_to_open_and_is_logged(read_as, make_user, anne, now):
    log_sight(viewer_for(make_user("agent", name="=cmd|x")), "person", person_id=anne.pk, now=now)
    auditor = read_as("auditor")
    taken = auditor.get("/admin/audit/export.csv", {"kind": "person"})
    assert taken["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(b"".join(taken.streaming_content).decode("utf-8-sig"))))
    assert [(row["who"], row["person_name"], row["what"]) for row in rows] == [("'=cmd|x", "Anne Kerouac", "person")]
    assert Sight.objects.get(kind="export").detail == "audit kind=person"


def test_her_own_list_puts_together_what_was_one_look(make_user, anne, now):
    zoe = viewer_for(make_user("agent", name="Zoé Diallo"))
    for minutes, kind in ((0, "person"), (0, "panel"), (5, "timeline"), (200, "person")):
        log_sight(zoe, kind, person_id=anne.pk, now=now + timedelta(minutes=minutes))
    herself = Viewer(Actor("person", str(anne.uuid)))
    looks = audit.sights_of(herself, anne).items
    assert [(look.who.name, look.kinds) for look in looks] == [
        ("Zoé Diallo", ("person",)),
        ("Zoé Diallo", ("person", "panel", "timeline")),
    ]
    first = audit.sights_of(herself, anne, limit=1)
    assert audit.sights_of(herself, anne, limit=1, cursor=first.next).items == looks[1:]
    with pytest.raises(NotAllowed):
        audit.sights_of(zoe, anne)
    with pytest.raises(NotAllowed):
        audit.sights_of(Viewer(Actor("person", "another")), anne)


def test_who_opens_many_more_files_than_her_colleagues_is_seen_with_n(read_as, make_user, make_person, now):
    persons = [make_person(f"P{n}") for n in range(12)]
    for files in (1, 2, 2, 3, 2, 12):
        viewer = viewer_for(make_user("agent", name=f"opened {files}"))
        for person in persons[:files]:
            log_sight(viewer, "person", person_id=person.pk, now=now)
            log_sight(viewer, "person", person_id=person.pk, now=now)
    auditor = viewer_for(make_user("auditor"))
    opened = audit.files_opened(auditor, since=now - timedelta(days=1), until=now + timedelta(days=1))
    assert [(one.files, one.median, one.n, one.factor) for one in opened[:2]] == [(12, 2, 5, 6), (3, 2, 5, 1.5)]
    page = read_as("auditor").get("/admin/audit/figures/").content.decode()
    assert "No file was opened" in page  # the days asked for are the last ones, and all this was before


def test_an_erased_person_stays_a_figure_without_reasons(anne, everything, make_user, me, now):
    from dataclasses import replace

    zoe = viewer_for(make_user("agent"))
    log_sight(replace(zoe, reason="Anne Kerouac called"), "person", person_id=anne.pk, now=now)
    log_sight(replace(zoe, reason="the sister of Kérouac"), "person", person_id=anne.pk + 1, now=now)
    erase_person(anne, by=me, now=now)
    assert list(Sight.objects.values_list("reason", flat=True)) == ["", ""]
    [look] = audit.sights_of(everything, anne).items
    assert look.reason == ""


FILTERS = [
    SightFilter(),
    SightFilter(person_ids=(7,)),
    SightFilter(person_ids=(7, 8)),
    SightFilter(actor="user:3"),
    SightFilter(kind="export"),
    SightFilter(channel="command"),
    SightFilter(person_ids=(7,), kind="person"),
]


def test_the_log_costs_the_same_at_a_hundred_thousand_sights(everything, django_assert_num_queries, now):
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into access_sight (at, actor, kind, person_id, detail, reason, channel)"
            " select timestamptz '2026-03-10' - n * interval '1 minute', 'user:' || n %% 50,"
            " case when n %% 500 = 0 then 'export' else 'person' end, n %% 500, '', '',"
            " case when n %% 1000 = 0 then 'command' else 'page' end from generate_series(1, %s) n",
            [100_000],
        )
        cursor.execute("analyze access_sight")
        for wanted in FILTERS:
            page = audit.sight_log(everything, wanted, limit=50)
            last = audit._after(audit._filtered(wanted), page.next, "sights").order_by("-at", "-id")[:51]
            sql, parameters = last.query.sql_with_params()
            cursor.execute(f"explain (analyze, format json) {sql}", parameters)
            plan = cursor.fetchone()[0][0]["Plan"]
            assert "Seq Scan" not in str(plan), wanted
            assert _read(plan) < 1000, (wanted, plan)
    with django_assert_num_queries(1):
        audit.sight_log(everything, SightFilter(actor="user:3"))


def _read(plan: dict) -> float:
    """Rows that a plan takes from its tables, those that it throws away again included."""
    here = plan.get("Rows Removed by Filter", 0) + (plan["Actual Rows"] if "Scan" in plan["Node Type"] else 0)
    return here * plan["Actual Loops"] + sum(_read(inner) for inner in plan.get("Plans", []))
