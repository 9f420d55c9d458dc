"""Files that go with an answer: from the page to her mailbox and her own space, refused in words, taken back."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile as Upload
from django.test import Client

from egard.base.clock import utc_now
from egard.kernel.messages import conversing, files
from egard.kernel.messages.arriving import receive_email, receive_text
from egard.kernel.messages.models import Attachment, Message
from egard.kernel.messages.rules.mime import File

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7 the contract"
HER_LETTER = (
    b"Authentication-Results: mx.maison.example; dmarc=pass header.from=example.org\r\n"
    b"From: anne@example.org\r\nTo: a@maison.example\r\nSubject: Mon contrat\r\n\r\nPouvez-vous me l'envoyer ?\r\n"
)


@pytest.fixture
def anne(make_person, settings, tmp_path):
    settings.MAIL_AUTH_HOSTS, settings.MEDIA_ROOT = ("mx.maison.example",), tmp_path
    return make_person("Anne", "Kerouac", email="anne@example.org", phone="+33612345678", language="fr")


@pytest.fixture
def thread(anne):
    return receive_email(HER_LETTER, source="test", now=utc_now()).message.thread


@pytest.fixture
def answer(thread, part):
    """Sends the form of the page: `answer(client, files=[…])`; `again` repeats what was sent last."""

    def send(client, *, again: bool = False, **given):
        if not again:
            html = client.get(f"/inbox/{thread.uuid}/").content.decode()
            send.hidden = {name: re.search(f'name="{name}" value="([^"]*)"', html)[1] for name in ("key", "seen")}
        body = {"text": "Le voici.\r\nBien à vous", "what": "reply", **send.hidden, **given}
        return client.post(f"/inbox/{thread.uuid}/say/", body, headers=part(f"thread-{thread.uuid}"))

    return send


def scans():
    return [Upload("contrat.pdf", PDF), Upload("où.png", b"\x89PNG\r\n\x1a\n...")]


def test_files_of_an_answer_reach_her_mailbox_and_her_own_space_once(read_as, anne, thread, answer, mailbox, carry_out):
    client = read_as("agent")
    page = client.get(f"/inbox/{thread.uuid}/").content.decode()
    assert re.search(r'<form class="answer"[^>]*enctype="multipart/form-data"', page)
    assert re.search(r'<label [^>]*for="(file-[^"]+)">Files that go with it</label>\s*<input [^>]*id="\1"', page)
    assert "hx-preserve" not in page
    answered = answer(client, files=scans()).content.decode()
    assert "contrat.pdf" in answered
    assert "hx-preserve" not in answered  # what was sent is not chosen any more
    assert answer(client, again=True, files=scans()).status_code == 200
    other = answer(client, again=True, files=[Upload("autre.pdf", PDF + b" of another")])
    assert other.headers["X-Egard-Refusal"] == "messages.key_taken"
    carry_out(at=utc_now() + timedelta(seconds=11))
    (letter,) = mailbox.letters
    sent = {one.get_filename(): (one.get_content_type(), one.get_content()) for one in letter.iter_attachments()}
    assert sent["contrat.pdf"] == ("application/pdf", PDF)
    assert sent["où.png"][0] == "image/png"

    hers = Client(headers={"Accept-Language": "en"})
    hers.post("/me/sign-in/", {"email": "anne@example.org"})
    carry_out(at=utc_now() + timedelta(seconds=11))
    code = re.search(r"\b\d{6}\b", mailbox.letters[-1].get_body(("plain",)).get_content())[0]
    hers.post("/me/sign-in/code/", {"code": code})
    html = hers.get(f"/me/messages/{thread.uuid}/").content.decode()
    addresses = re.findall(r'href="(/me/messages/files/[^"]+)"', html)
    assert len(addresses) == 2
    saved = hers.get(addresses[0])
    assert b"".join(saved.streaming_content) == PDF
    assert saved["Content-Disposition"].startswith("attachment;")
    assert (saved["X-Content-Type-Options"], saved["Content-Security-Policy"][:7]) == ("nosniff", "sandbox")


@pytest.mark.parametrize(
    ("chosen", "language", "said"),
    [
        (lambda: [Upload("photo.jpg", b"MZ a program")], "en", "“photo.jpg” is not a kind of file that is sent"),
        (lambda: [Upload("rien.pdf", b"")], "fr", "«\u00a0rien.pdf\u00a0» est vide"),
        (lambda: [Upload("a.pdf", PDF + b"x" * 13 * 2**20) for _n in "12"], "en", "more than 25 MB together"),
        (lambda: [Upload("a.pdf", PDF + b"x" * 13 * 2**20) for _n in "12"], "fr", "plus de 25\u00a0Mo ensemble"),
    ],
    ids=["program", "empty", "heavy", "heavy-fr"],
)
def test_what_is_not_sent_is_refused_beside_the_field_and_the_choice_stays(read_as, answer, chosen, language, said):
    refused = answer(read_as("agent", language=language), files=chosen())
    html = refused.content.decode()
    assert refused.status_code == 422
    assert said in re.search(r'<div id="file-error-[^"]+" role="alert">(.*?)</div>', html, re.DOTALL)[1]
    assert re.search(r'<div id="files-[^"]+" class="answer-chosen" hx-preserve>', html)
    assert "Le voici.\r\nBien à vous</textarea>" in html
    assert not Message.objects.filter(direction="out").exists()
    assert not Attachment.objects.exists()


def test_an_answer_that_is_taken_back_leaves_no_file_and_says_so(
    read_as, thread, answer, part, mailbox, carry_out, me, django_capture_on_commit_callbacks
):
    client = read_as("agent")
    kept = conversing.note(
        thread, conversing.Words(text="Voir", files=[File("la même.pdf", "", PDF)]), by=me, now=utc_now(), key="n"
    ).attachments.get()  # fmt: skip
    answer(client, files=scans(), what="reply")
    said = Message.objects.get(direction="out")
    picture = files.path_of(said.attachments.get(name="où.png").sha256)
    assert picture.exists()
    with django_capture_on_commit_callbacks(execute=True):
        body = {"what": "undo", "message": said.uuid}
        back = client.post(f"/inbox/{thread.uuid}/changes/", body, headers=part("thread")).content.decode()
    assert "Choose them again if they are to go with it: contrat.pdf, où.png" in back
    carry_out(at=utc_now() + timedelta(seconds=11))
    assert not mailbox.letters
    assert list(Attachment.objects.values_list("name", flat=True)) == ["la même.pdf"]
    assert not picture.exists()
    assert files.content_of(kept) == PDF  # the same bytes went with another message


def test_a_short_message_takes_no_files(read_as, anne, me):
    asked = receive_text("+33612345678", "Le contrat ?", channel="sms", key="t", now=utc_now()).message.thread
    assert "Files that go with it" not in read_as("agent").get(f"/inbox/{asked.uuid}/").content.decode()
    words = conversing.Words(text="Le voici", files=[File("contrat.pdf", "", PDF)])
    with pytest.raises(conversing.BadMessage) as refused:
        conversing.reply(asked, words, by=me, now=utc_now(), key="k")
    assert set(refused.value.fields) == {"files"}
