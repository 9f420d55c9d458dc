"""What outsiders may try: a provider's call replayed, and line ends that would begin a header of their own."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from anymail.exceptions import AnymailWebhookValidationFailure
from anymail.webhooks.postmark import PostmarkInboundWebhookView
from django.test import Client, RequestFactory
from letters import letter

from egard.kernel.access.actors import Actor
from egard.kernel.messages.arriving import receive_email
from egard.kernel.messages.conversing import Words, reply, write
from egard.kernel.messages.models import Message
from egard.kernel.messages.rules import signatures
from egard.kernel.people.operations import BadIdentifier, normalise

pytestmark = pytest.mark.django_db
ME = Actor("user", "1", "Camille")


@pytest.mark.parametrize("named", [True, False])
def test_a_letter_of_a_providers_webhook_that_is_replayed_is_taken_in_once(anne, settings, named):
    settings.ANYMAIL = {"WEBHOOK_SECRET": "provider:secret"}
    raw = letter("Où est mon colis ?", Message_ID="<1@example.org>").decode()
    hook = PostmarkInboundWebhookView.as_view()
    for turn in range(3):
        told = {"RawEmail": raw, "MessageID": "22c74902" if named else f"{turn}"}
        request = RequestFactory().post(
            "/intake/mail/postmark/inbound/", json.dumps(told), content_type="application/json",
            headers={"Authorization": "Basic cHJvdmlkZXI6c2VjcmV0"},
        )  # fmt: skip
        assert hook(request).status_code == 200
    assert Message.objects.get().text == "Où est mon colis ?"
    request = RequestFactory().post("/", json.dumps(told), content_type="application/json")
    with pytest.raises(AnymailWebhookValidationFailure):
        hook(request)


def test_a_short_message_of_a_providers_webhook_that_is_replayed_is_taken_in_once(anne, settings):
    settings.SMS_URL = "https://AC1:token@sms.example"
    form = {"From": "+33612345678", "Body": "Où êtes-vous ?", "MessageSid": "SM1"}
    signed = signatures.twilio("https://clients.maison.example/intake/sms", form, "token")
    for _replayed in range(3):
        assert Client().post("/intake/sms", form, headers={"X-Twilio-Signature": signed}).status_code == 200
    assert Message.objects.get().text == "Où êtes-vous ?"


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("From", "=?utf-8?q?Anne=0D=0ABcc=3A_all=40example=2Ecom?= <anne@example.org>"),
        ("From", '"Anne\\\r\n Bcc: all@example.com" <anne@example.org>'),
        ("Reply-To", "=?utf-8?q?x=0D=0ABcc=3A_all=40example=2Ecom?= <anne@example.org\r\n >"),
        ("Subject", "=?utf-8?q?Colis=0D=0ABcc=3A_all=40example=2Ecom?="),
        ("Message-ID", "<1@example.org>=?utf-8?q?=0D=0ABcc=3A_all=40example=2Ecom?="),
    ],
)
def test_no_line_end_in_what_a_letter_says_begins_a_header_of_our_answer(anne, mailbox, carry_out, now, header, told):
    message = receive_email(with_header(header, told), source="test", now=now).message
    assert not any(c in f"{message.sender}{message.sender_name}{message.subject}" for c in "\r\n\x00")
    reply(message.thread, Words(text="Il part demain."), by=ME, now=now, key="a")
    carry_out(at=now + timedelta(minutes=1))
    (sent,) = mailbox.letters
    assert (sent["To"], sent["Bcc"]) == ("anne@example.org", None)


@pytest.mark.parametrize(
    "told",
    [
        "=?utf-8?q?anne=40example=2Eorg=0D=0ABcc=3A_all=40example=2Ecom?=",
        "=?utf-8?q?=3Canne=40example=2Eorg=3E?=",
        "=?utf-8?q?anne=40example=2Eorg=2C?= <mallory@example.org>",
        "anne@example.org <mallory@example.org>",
        '"anne@example.org," <mallory@example.org>',
        "anne@example.org, mallory@example.org",
        "<mallory@example.org> <anne@example.org>",
        "<anne@example.org> <mallory@example.org>",
        "(<anne@example.org>) mallory@example.org",
        "<anne@example.org=0D=0ABcc:all@example.com>",
    ],
)
def test_nobody_of_the_same_domain_is_taken_for_her_by_what_stands_around_an_address(anne, now, told):
    raw = b"Sender: anne@example.org\r\n" + with_header("From", told)
    message = receive_email(raw, source="test", now=now).message
    assert (message.trust == "verified" and message.thread.person == anne) is False


def with_header(name: str, told: str) -> bytes:
    """A letter of Anne's that our mail server vouches for, one header of it as told."""
    usual = {"From": "anne@example.org", "To": "bonjour@maison.example", "Subject": "Colis"}
    lines = {"Authentication-Results": "mx.maison.example; dmarc=pass header.from=example.org", **usual, name: told}
    return ("".join(f"{key}: {value}\r\n" for key, value in lines.items()) + "\r\nBonjour").encode()


@pytest.mark.parametrize("line_end", ["\n", "\r", "\r\n", "\r\n ", "\u2028", "\x00", "\x0b"])
def test_no_line_end_in_her_name_or_address_begins_a_header(anne, mailbox, carry_out, now, line_end):
    bad = f"anne@example.org{line_end}Bcc: all@example.com"
    for address in (bad, f"Anne{line_end}Bcc: all@example.com <anne@example.org>", f"anne{line_end}x@example.org"):
        with pytest.raises(BadIdentifier):
            normalise("email", address)
    anne.given_name = f"Anne{line_end}Bcc: all@example.com".replace("\x00", "")
    anne.save()
    write(anne, "email", Words(text="Bonjour", subject="x"), purpose="service", by=ME, now=now, key="k")
    carry_out(at=now + timedelta(minutes=1))
    (sent,) = mailbox.letters
    assert (sent["To"], sent["Bcc"], sent["From"]) == ("anne@example.org", None, "Maison <no-reply@maison.example>")
