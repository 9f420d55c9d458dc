"""What came on paper, by phone or at the counter, taken down from the person's page."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from egard.base.clock import utc_now
from egard.kernel.messages import addresses
from egard.kernel.messages.conversing import Words, write
from egard.kernel.messages.models import Message

pytestmark = pytest.mark.django_db
DONE = "It is taken down. An answer is owed by:"


@pytest.fixture
def anne(make_person, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    found = make_person("Anne", "Kerouac", email="anne@example.org", language="fr")
    found.address = "1 rue de Rivoli\n75001 Paris"
    found.save()
    return found


@pytest.fixture
def take_down(anne, part):
    """Sends the form of her page, with the key that stood in it: `take_down(client, channel="call", text="…")`."""

    def send(client, *, again: str = "", **given):
        page = client.get(f"/people/{anne.uuid}/").content.decode()
        form = re.search(r'<form class="[^"]*heard-form.*?</form>', page, re.DOTALL)[0]
        key = again or re.search(r'name="key" value="([^"]+)"', form)[1]
        day = re.search(r'name="day" value="([^"]+)"', form)[1]
        send.key = key
        return client.post(f"/people/{anne.uuid}/said/", {"key": key, "day": day, **given}, headers=part(""))

    return send


def test_a_letter_is_scanned_in_from_her_page_and_sent_twice_it_is_one_conversation(read_as, anne, take_down):
    client = read_as("agent")
    scans = [SimpleUploadedFile(name, b"%PDF-1.7 " + name.encode()) for name in ("un.pdf", "deux.pdf")]
    came = timezone.localdate() - timedelta(days=3)
    answer = take_down(client, channel="post", day=came.isoformat(), files=scans)
    made = Message.objects.get()
    html = answer.content.decode()
    assert DONE in html
    assert f'href="/inbox/{made.thread.uuid}/"' in html
    assert set(answer["HX-Trigger"].split(", ")) == {"egard:changed", "egard:facts"}
    assert [one.name for one in made.attachments.order_by("id")] == ["un.pdf", "deux.pdf"]
    assert f"{timezone.localtime(made.at):%F %R}" == f"{came} 12:00"
    assert f'value="{take_down.key}"' not in html  # the form that stands there now is another one
    assert DONE in take_down(client, again=take_down.key, channel="post", files=[]).content.decode()
    assert Message.objects.count() == 1


def test_words_of_a_call_bear_its_time_and_what_comes_back_with_a_code_joins_its_conversation(
    read_as, anne, take_down, me, settings
):
    settings.MAIL_REPLY_DOMAIN = "maison.example"
    client, now = read_as("agent"), utc_now()
    ours = write(anne, "post", Words(text="Bonjour"), purpose="service", by=me, now=now, key="k")
    yesterday = timezone.localdate() - timedelta(days=1)
    code = f"{addresses.reply_address(ours.thread_id)}\r\n"
    take_down(client, channel="call", text="Où est-il ?", day=f"{yesterday}", time="09:30", reference=code)
    made = Message.objects.get(direction="in")
    assert made.thread == ours.thread
    assert f"{timezone.localtime(made.at):%F %R}" == f"{yesterday} 09:30"
    take_down(client, channel="counter", text="Merci")
    assert utc_now() - Message.objects.latest("id").at < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"channel": "post"}, "or add a scan"),
        ({"channel": "post", "files": "exe"}, "a PDF file or a picture"),
        ({"channel": "call", "text": "x", "reference": "nothing"}, "no conversation of this person"),
        ({"channel": "call", "text": "x", "day": "2026-02-30"}, "this is no day"),
        ({"channel": "call", "text": "x", "day": "2001-01-01"}, "a day of the last year"),
        ({"text": "x"}, "post, counter, call"),
    ],
)
def test_a_refusal_stands_beside_the_form_and_takes_nothing_of_it_away(read_as, take_down, given, said):
    if given.get("files"):
        given = {**given, "files": [SimpleUploadedFile("x.pdf", b"MZ")]}
    answer = take_down(read_as("agent"), **given)
    assert answer.status_code == 422
    assert (answer["HX-Retarget"], answer["HX-Reswap"]) == ("#heard-error", "innerHTML")
    html = answer.content.decode()
    assert said in html
    assert "<form" not in html
    assert not Message.objects.exists()


def test_who_does_not_answer_clients_takes_nothing_down(read_as, anne, part):
    client = read_as("auditor")
    assert "heard-form" not in client.get(f"/people/{anne.uuid}/").content.decode()
    body = {"channel": "call", "text": "x", "key": "k"}
    assert client.post(f"/people/{anne.uuid}/said/", body, headers=part("")).status_code == 403
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    ("language", "told"), [("en", "more than 25 MB together"), ("fr", "plus de 25\u00a0Mo ensemble")]
)
def test_scans_of_many_megabytes_come_in_and_too_many_are_refused_in_words(read_as, take_down, language, told):
    client = read_as("agent", language=language)
    scan = lambda n: SimpleUploadedFile("lettre.pdf", b"%PDF-1.7 " + b"x" * n * 1024 * 1024)  # noqa: E731
    assert take_down(client, channel="post", files=[scan(9), scan(3)]).status_code == 200
    assert sum(one.size for one in Message.objects.get().attachments.all()) > 12 * 1024 * 1024
    refused = take_down(client, channel="post", text="Encore", files=[scan(13), scan(13)])
    assert refused.status_code == 422
    assert told in refused.content.decode()
    assert Message.objects.count() == 1
