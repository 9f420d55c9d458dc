"""Conversations by the API: read, answered, put in order; texts of the house."""

from __future__ import annotations

from base64 import b64encode
from uuid import uuid4

import pytest
from django.core.mail import EmailMessage

from egard.base.clock import utc_now
from egard.kernel.access.models import Sight
from egard.kernel.messages.arriving import receive_email
from egard.kernel.messages.models import Attachment, Message

pytestmark = pytest.mark.django_db


@pytest.fixture
def wrote(anne, settings, tmp_path):
    """Anne wrote, with a file: the conversation's id."""
    settings.MAIL_AUTH_HOSTS, settings.MEDIA_ROOT = ("mx.maison.example",), tmp_path
    letter = EmailMessage(
        "Ma facture",
        "Où est ma facture ?",
        "anne@example.org",
        ["bonjour@maison.example"],
        headers={"Message-ID": "<1@a>"},
    )
    letter.attach("note.html", "<script>alert(1)</script>", "text/html")
    head = b"Authentication-Results: mx.maison.example; dmarc=pass header.from=example.org\n"
    return receive_email(head + letter.message().as_bytes(), source="test", now=utc_now()).message.thread.uuid


def test_a_conversation_is_found_read_and_answered(program, anne, wrote):
    (row,) = program.get("threads?box=unassigned").json["items"]
    assert (row["id"], row["person"], row["state"], row["channel"]) == (
        str(wrote), anne["id"], "waiting_for_us", "email",
    )  # fmt: skip
    body = {"thread": str(wrote), "text": "La voici.", "key": "k1"}
    said = program.post("messages", body)
    assert (said.status, said.json["state"], said.json["subject"]) == (201, "queued", "Re: Ma facture")
    assert program.post("messages", body).json["id"] == said.json["id"]
    assert program.post("messages", {**body, "text": "Autre"}).code == "messages.key_taken"
    program.post("messages", {"thread": str(wrote), "text": "À suivre", "note": True, "key": "k2"})
    whole = program.get(f"threads/{wrote}").json
    assert [one["direction"] for one in whole["messages"]] == ["in", "out", "note"]
    assert whole["state"] == "waiting_for_them"
    assert Sight.objects.filter(kind="messages").exists()
    assert program.delete(f"messages/{said.json['id']}").json["state"] == "undone"
    assert [one["id"] for one in program.get(f"threads?person={anne['id']}").json["items"]] == [str(wrote)]


def test_a_letter_on_paper_is_scanned_in_and_words_at_the_counter_are_taken_down(program, anne, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    page = {"name": "lettre.pdf", "content": b64encode(b"%PDF-1.7 Bonjour").decode()}
    body = {"person": anne["id"], "subject": "Réclamation", "files": [page], "key": "scan-1"}
    made = program.post("messages/received", body)
    assert (made.status, made.json["direction"], made.json["channel"]) == (201, "in", "post")
    assert [(file["name"], file["type"]) for file in made.json["files"]] == [("lettre.pdf", "application/pdf")]
    assert program.post("messages/received", body).json["id"] == made.json["id"]
    thread = program.get(f"threads/{made.json['thread']}").json
    assert (thread["person"], thread["state"], bool(thread["promise"])) == (anne["id"], "waiting_for_us", True)
    told = {"person": anne["id"], "channel": "counter", "text": "Je repasserai.", "thread": thread["id"], "key": "c"}
    assert program.post("messages/received", told).json["thread"] == thread["id"]
    wrong = {**body, "files": [{**page, "content": b64encode(b"MZ").decode()}], "key": "scan-2"}
    assert program.post("messages/received", wrong).code == "messages.bad_note"


def test_it_is_assigned_put_off_and_closed(program, wrote, make_user):
    claire = make_user("agent")
    changed = program.patch(f"threads/{wrote}", {"assignee": str(claire.pk), "snoozed_until": "2099-01-01T00:00:00Z"})
    assert (changed.json["assignee"]["id"], changed.json["snoozed_until"]) == (str(claire.pk), "2099-01-01T00:00:00Z")
    closed = program.patch(f"threads/{wrote}", {"state": "closed"}).json
    assert (closed["state"], closed["promise"], closed["assignee"]["id"]) == ("closed", None, str(claire.pk))
    assert program.patch(f"threads/{wrote}", {"assignee": None}).json["assignee"] is None


def test_one_writes_first_for_a_purpose(program, anne):
    body = {"person": anne["id"], "text": "Bonjour", "subject": "Printemps", "key": "k1", "purpose": "marketing"}
    assert program.post("messages", body).code == "messages.no_consent"
    assert program.post("messages", {**body, "purpose": "service"}).json["state"] == "queued"
    assert program.post("messages", {**body, "person": None, "key": "k3"}).code == "messages.bad_message"
    assert program.post("messages", {**body, "person": str(uuid4())}).status == 404


def test_a_file_is_saved_and_never_shown(program, wrote):
    message = Message.objects.get()
    file = Attachment.objects.get()
    answer = program.client.get(f"/api/v1/messages/{message.uuid}/files/{file.uuid}", headers=program.headers)
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert b"".join(answer.streaming_content) == b"<script>alert(1)</script>"
    assert program.get(f"messages/{message.uuid}/files/{uuid4()}").status == 404


def test_texts_of_the_house_are_written_tried_and_retired(program, anne):
    body = {
        "code": "thanks",
        "language": "fr",
        "label": "Merci",
        "text": "Bonjour {{ given_name }}",
        "subject": "Merci",
    }
    assert program.post("templates", body).json["version"] == 1
    assert program.post("templates", {**body, "text": "{{ secret }}"}).code == "messages.bad_template"
    shown = program.post("templates/thanks/preview", {"person": anne["id"]})
    assert shown.json["text"] == f"Bonjour {anne['given_name']}"
    assert [one["code"] for one in program.get("templates").json] == ["thanks"]
    assert program.delete("templates/thanks").json == program.get("templates").json == []


def test_an_occasion_that_nobody_knows_is_refused_with_those_that_are_known(program, make_program, anne):
    body = {"person": anne["id"], "text": "Bonjour", "subject": "B", "key": "m", "moment": "bogus"}
    template = {"code": "t", "language": "fr", "label": "T", "text": "T", "moment": "bogus"}
    for api, path, told in (
        (program, "messages", body), (program, "templates", template),
        (make_program("signature.check"), "signature/check", {"text": "Bonjour", "moment": "bogus"}),
    ):  # fmt: skip
        refused = api.post(path, told)
        assert (refused.status, refused.code) == (422, "messages.unknown_moment")
        assert "refusal" in str(refused.json["fields"])
        assert api.post(path, {**told, "moment": "refusal"}).status in (200, 201)


def test_an_answer_completes_a_step_of_her_case(program, make_program, anne, wrote):
    case = program.post(
        "cases", {"type": "complaint", "person": anne["id"], "data": {"subject": "x", "category": "other"}}
    ).json
    program.post(f"cases/{case['id']}/steps/listen/completion", {"data": {}})
    asked = {"thread": str(wrote), "text": "La voici.", "key": "k", "undo_seconds": 10}
    wrong = {**asked, "completes": {"case": case["id"], "step": "nothing"}}
    assert program.post("messages", wrong).code == "cases.unknown_step"
    assert [one["direction"] for one in program.get(f"threads/{wrote}").json["messages"]] == ["in"]
    said = program.post("messages", {**asked, "completes": {"case": case["id"], "step": "acknowledge"}})
    assert said.status == 201
    steps = {one["key"]: one["state"] for one in program.get(f"cases/{case['id']}").json["steps"]}
    assert steps["acknowledge"] == "done"
    program.delete(f"messages/{said.json['id']}")
    steps = {one["key"]: one["state"] for one in program.get(f"cases/{case['id']}").json["steps"]}
    assert steps["acknowledge"] == "available"
    again = program.post("messages", {**asked, "key": "k2", "completes": {"case": case["id"], "step": "acknowledge"}})
    other = make_program("messages.converse", "people.read")  # who may not see the case takes the words back alone
    assert other.delete(f"messages/{again.json['id']}").json["state"] == "undone"
    steps = {one["key"]: one["state"] for one in program.get(f"cases/{case['id']}").json["steps"]}
    assert steps["acknowledge"] == "done"
