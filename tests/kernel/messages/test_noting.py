"""Letters on paper that are scanned in, and what is said at the counter and on the phone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.racing import at_once

from egard.kernel.messages import addresses, letters
from egard.kernel.messages.conversing import Words, write
from egard.kernel.messages.files import content_of
from egard.kernel.messages.models import Message, Thread
from egard.kernel.messages.noting import BadNote, take_down
from egard.kernel.messages.rules.mime import File
from egard.kernel.promises.models import Promise
from egard.kernel.timeline.models import Fact

pytestmark = pytest.mark.django_db
SCAN = File("lettre.pdf", "", b"%PDF-1.7 a letter")


def test_a_letter_that_is_scanned_in_is_on_her_timeline_and_owed_an_answer_from_the_day_it_came(anne, me, now):
    came = now - timedelta(days=3)
    words = Words(text="", subject="Réclamation", files=[SCAN])
    message = take_down(anne, "post", words, said_at=came, by=me, now=now, key="scan-1")
    assert (message.thread.state, message.at, message.trust) == ("waiting_for_us", came, "verified")
    assert content_of(message.attachments.get()) == SCAN.content
    on_the_day = take_down(anne, "post", words, by=me, now=now, key="scan-2")
    due_at = [Promise.objects.get(uuid=one.thread.awaiting).due_at for one in (message, on_the_day)]
    assert now < due_at[0] < due_at[1]
    found = take_down(anne, "post", words, said_at=now - timedelta(days=90), by=me, now=now, key="scan-3")
    assert Promise.objects.get(uuid=found.thread.awaiting).due_at == now + timedelta(hours=1)
    assert set(Fact.objects.filter(person=anne, kind__name="messages.received").values_list("channel", flat=True)) == {
        "post"
    }
    assert take_down(anne, "post", words, by=me, now=now + timedelta(days=1), key="scan-1") == message


def test_what_comes_back_with_the_code_of_our_letter_joins_its_conversation(anne, make_person, me, now):
    anne.address = "1 rue de Rivoli\n75001 Paris"
    anne.save()
    ours = write(anne, "post", Words(text="Bonjour"), purpose="service", by=me, now=now, key="k")
    assert letters.pdf(ours, now=now).startswith(b"%PDF")
    reference = addresses.reply_address(ours.thread_id)
    words = Words(text="", files=[SCAN])
    assert take_down(anne, "post", words, reference=reference, by=me, now=now, key="a").thread == ours.thread
    zoe = make_person("Zoé")
    for person, told in ((zoe, reference), (anne, "reply+1-aaaaaaaaaaaaaaaa@maison.example"), (anne, "nothing")):
        with pytest.raises(BadNote) as refused:
            take_down(person, "post", words, reference=told, by=me, now=now, key="b")
        assert "reference" in refused.value.fields
    assert Thread.objects.count() == 1


@pytest.mark.parametrize(
    ("channel", "words", "late", "field"),
    [
        ("email", Words(text="Bonjour"), 0, "channel"),
        ("post", Words(text=" "), 0, "text"),
        ("post", Words(text="", files=[File("x.exe", "", b"MZ")]), 0, "files"),
        ("call", Words(text="Allô", subject="a\r\nBcc: b"), 0, "subject"),
        ("counter", Words(text="Bonjour"), 400, "said_at"),
    ],
)
def test_what_cannot_be_taken_down_is_refused_with_what_to_put_right(anne, me, now, channel, words, late, field):
    with pytest.raises(BadNote) as refused:
        take_down(anne, channel, words, said_at=now - timedelta(days=late), by=me, now=now, key="k")
    assert field in refused.value.fields
    assert not Message.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_one_scan_that_is_sent_twice_at_once_is_one_message(anne, me, now):
    works = [
        lambda: take_down(anne, "counter", Words(text="Bonjour"), by=me, now=now, key="k").pk for _twice in range(4)
    ]
    assert len(set(at_once(works))) == Message.objects.count() == 1
