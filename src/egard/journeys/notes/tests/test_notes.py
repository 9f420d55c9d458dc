"""Notes: written once, corrected by their author, found by whom they name, gone with the person."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from egard.base.refusal import NotFound
from egard.journeys.notes import queries
from egard.journeys.notes.models import Mention
from egard.journeys.notes.operations import (
    EmptyNote,
    NotTheAuthor,
    correct_note,
    finish_mentions,
    take_up_mentions,
    write_note,
)
from egard.kernel.access.operations import create_api_key
from egard.kernel.access.queries import viewer_for
from egard.kernel.lifecycle.operations import erase_person
from egard.kernel.people import queries as people
from egard.kernel.timeline.models import Fact
from egard.kernel.timeline.operations import AlreadyCorrected

pytestmark = pytest.mark.django_db


@pytest.fixture
def camille(make_user):
    return make_user("adviser", name="Camille Roussel", language="en")


@pytest.fixture
def hugo(make_user):
    return make_user("adviser", name="Hugo Delmas", language="en")


@pytest.fixture
def anne(make_person):
    return make_person("Anne", "Lebœuf")


@pytest.fixture
def write(anne, camille, now):
    """Camille's note on Anne: `write("Prefers the morning", hugo)`."""

    def make(text, *named, key="k", by=camille, at=now):
        ids = [user.pk for user in named]
        return write_note(anne, text, mentions=ids, key=key, by=viewer_for(by).actor, channel="web", now=at)

    return make


@pytest.fixture
def waiting(now):
    """The rows that wait in somebody's list."""
    return lambda user: [
        row.line for row in queries.mentions(viewer_for(user), filters={}, now=now, limit=50, cursor=None).items
    ]


def test_a_note_that_is_sent_twice_is_written_once(write, now):
    first = write("Prefers the morning")
    again = write("Prefers the morning", at=now + timedelta(seconds=5))
    assert first.pk == again.pk
    for empty in ("", "  \n", "x" * 10_001):
        with pytest.raises(EmptyNote):
            write(empty, key="other")


def test_only_its_author_corrects_a_note_and_only_its_last_word(write, anne, camille, hugo, now):
    note = write("Prefers the morning")
    told = {"key": "2", "channel": "web", "now": now + timedelta(minutes=1)}
    with pytest.raises(NotTheAuthor):
        correct_note(anne, note.uuid, "The evening", by=viewer_for(hugo).actor, **told)
    later = correct_note(anne, note.uuid, "Prefers the evening", by=viewer_for(camille).actor, **told)
    with pytest.raises(AlreadyCorrected):
        correct_note(anne, note.uuid, "Never", by=viewer_for(camille).actor, **{**told, "key": "3"})
    found = queries.notes(viewer_for(hugo), anne).items
    assert [(entry.data["text"], entry.corrects, entry.corrected_by) for entry in found] == [
        ("Prefers the evening", note.uuid, None),
        ("Prefers the morning", None, later.uuid),
    ]
    assert queries.note(viewer_for(hugo), note.uuid)[1].corrected_by == later.uuid


@pytest.mark.django_db(transaction=True)
def test_who_is_named_finds_the_note_and_a_correction_that_names_another_moves_it(
    write, anne, camille, hugo, make_user, settle, waiting, client, now
):
    ines = make_user("adviser", name="Inès Ferrand")
    note = write("@Hugo Delmas please call her", hugo, camille)
    settle()
    assert waiting(hugo) == ["Camille Roussel names you in a note"]
    row = str(Mention.objects.get(user=hugo).pk)
    client.force_login(hugo)
    pane = client.get("/worklist/mentions/item/", {"id": row}).content.decode()
    assert '<b class="named">@Hugo Delmas</b> please call her' in pane
    assert "Done with it." in client.post("/do/notes.finish_mentions/", {"id": row}).content.decode()
    assert waiting(hugo) == []
    client.post("/undo/")
    assert len(waiting(hugo)) == 1
    done = finish_mentions(viewer_for(hugo), [row, "x", "9" * 30], choice="", now=now)
    assert list(done.former) == [row]
    assert take_up_mentions(viewer_for(camille), done.former, now=now) == []  # they are not hers
    assert take_up_mentions(viewer_for(hugo), done.former, now=now) == [row]
    by = viewer_for(camille).actor
    correct_note(
        anne, note.uuid, "@Inès Ferrand", mentions=[ines.pk, camille.pk], key="2", by=by, channel="web", now=now
    )
    settle()
    assert (waiting(hugo), len(waiting(ines)), len(waiting(camille))) == ([], 1, 1)
    assert client.get("/worklist/mentions/item/", {"id": row}).status_code == 404
    with pytest.raises(NotFound):
        queries.mention(viewer_for(hugo), "9" * 30, now)


def test_the_count_of_the_list_is_counted(write, hugo, settle, now):
    assert queries.count_mentions(viewer_for(hugo), filters={}, now=now, most=10) == 0


def test_a_name_that_left_the_text_is_not_named(client, camille, hugo, anne):
    client.force_login(camille)
    told = {"text": "@Hugo Delmas and @Nobody", "mention": [str(hugo.pk), str(camille.pk), "x"]}
    client.post(f"/people/{anne.uuid}/notes/", told)
    assert Fact.objects.get().data["mentions"] == [str(hugo.pk)]


def test_the_page_shows_it_apart_and_offers_its_author_alone_to_correct(client, write, camille, hugo, anne):
    note = write("Prefers the morning\n<b>bold</b>")
    for user, offered in ((camille, True), (hugo, False)):
        client.force_login(user)
        page = client.get(f"/people/{anne.uuid}/").content.decode()
        assert "is-private" in page
        assert "Private note · Camille Roussel" in page
        assert "&lt;b&gt;bold" in page
        assert (f"/notes/{note.uuid}/correction/form/" in page) is offered
    assert client.get(f"/notes/{note.uuid}/correction/form/").status_code == 403
    client.force_login(camille)
    form = client.get(f"/notes/{note.uuid}/correction/form/").content.decode()
    key = re.search(r'name="key" value="([^"]+)"', form).group(1)
    answer = client.post(
        f"/notes/{note.uuid}/correction/", {"text": "The evening", "key": key}, headers={"HX-Request": "true"}
    )
    assert answer.headers["HX-Trigger"] == "egard:facts"
    refused = client.post(f"/people/{anne.uuid}/notes/", {"text": " "}, headers={"HX-Request": "true"})
    assert refused.headers["X-Egard-Refusal"] == "notes.empty"
    assert refused.status_code == 422


def test_many_notes_cost_no_more_than_one(client, write, camille, anne, django_assert_max_num_queries):
    client.force_login(camille)
    for n in range(12):
        write(f"Note {n} for @Hugo Delmas", key=str(n))
    client.get(f"/people/{anne.uuid}/timeline/")
    with django_assert_max_num_queries(10):
        client.get(f"/people/{anne.uuid}/timeline/")


def test_who_may_not_write_is_offered_no_composer_and_refused(client, make_user, anne):
    client.force_login(make_user("auditor"))
    assert "compose-note" not in client.get(f"/people/{anne.uuid}/").content.decode()
    assert client.post(f"/people/{anne.uuid}/notes/", {"text": "x"}).status_code == 403


def test_programs_write_and_read_notes(client, anne, write, me, now):
    write("Prefers the morning")
    _key, secret = create_api_key(name="t", scopes=["people.read", "timeline.read", "notes.write"], by=me, now=now)
    auth = {"Authorization": f"Bearer {secret}"}
    address = f"/api/v1/people/{anne.uuid}/notes"
    made = client.post(address, {"text": "From the phone system"}, content_type="application/json", headers=auth)
    assert made.status_code == 201
    listed = client.get(address, headers=auth).json()["items"]
    assert [note["text"] for note in listed] == ["From the phone system", "Prefers the morning"]
    assert listed[0]["id"] == made.json()["id"]
    other = listed[1]["id"]
    mine = {"text": "Corrected", "corrects": other}
    refused = client.post(address, mine, content_type="application/json", headers=auth)
    assert refused.json()["code"] == "notes.not_the_author"


def test_her_notes_go_with_her(write, anne, me, now, everything):
    write("Anne is afraid of dogs")
    erase_person(anne, by=me, now=now)
    assert "dogs" not in str(list(Fact.objects.values_list("data", flat=True)))
    entry = queries.notes(everything, people.person(everything, anne.uuid)).items[0]
    assert "taken away" in str(entry.headline)
