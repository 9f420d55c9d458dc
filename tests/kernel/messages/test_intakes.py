"""The ways by which things come in: a mailbox, the house's mail server, providers and their signatures."""

from __future__ import annotations

import asyncio
import re
import smtplib
import socketserver
import threading

import pytest
from anymail.signals import AnymailTrackingEvent
from django.test import Client
from letters import letter

from egard.kernel.messages import fetching, observing
from egard.kernel.messages.conversing import Words, write
from egard.kernel.messages.models import DeadAddress, Intake, Message, Outgoing
from egard.kernel.messages.rules import signatures
from egard.kernel.messages.unsubscribing import token_of
from egard.kernel.people.operations import record_consent
from egard.kernel.people.queries import has_consent
from egard.site.commands.lmtp import session

pytestmark = pytest.mark.django_db


class Mailbox(socketserver.ThreadingTCPServer):
    """As much of an IMAP server as a reader asks for; `letters` by their UID."""

    allow_reuse_address = daemon_threads = True
    validity = 7

    def __init__(self) -> None:
        self.letters: dict[int, bytes] = {}
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), _Imap)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()


class _Imap(socketserver.StreamRequestHandler):
    server: Mailbox

    def handle(self) -> None:
        self.wfile.write(b"* OK ready\r\n")
        while line := self.rfile.readline().decode().strip():
            tag, _space, said = line.partition(" ")
            self.server.asked.append(said)
            self.wfile.write(self.answer(said) + f"{tag} OK done\r\n".encode())
            if said.upper().startswith("LOGOUT"):
                return

    def answer(self, said: str) -> bytes:
        verb = said.upper()
        if verb.startswith("CAPABILITY"):
            return b"* CAPABILITY IMAP4rev1\r\n"
        if verb.startswith(("SELECT", "EXAMINE")):
            return f"* {len(self.server.letters)} EXISTS\r\n* OK [UIDVALIDITY {self.server.validity}] x\r\n".encode()
        if verb.startswith("UID SEARCH"):
            first = int(re.search(r"UID (\d+):", verb)[1])
            found = [uid for uid in self.server.letters if uid >= first] or sorted(self.server.letters)[-1:]
            return f"* SEARCH {' '.join(map(str, found))}\r\n".encode()
        if verb.startswith("UID FETCH"):
            uids = [int(uid) for uid in verb.split()[2].split(",")]
            if "SIZE" in verb:
                told = ((uid, len(self.server.letters[uid])) for uid in uids)
                return "".join(f"* 1 FETCH (UID {uid} RFC822.SIZE {size})\r\n" for uid, size in told).encode()
            (uid,) = uids
            raw = self.server.letters[uid]
            if cut := re.search(r"<0\.(\d+)>", verb):
                raw = raw[: int(cut[1])]
            return f"* 1 FETCH (UID {uid} BODY[] {{{len(raw)}}}\r\n".encode() + raw + b")\r\n"
        return b""


@pytest.fixture
def box(settings):
    served = Mailbox()
    settings.IMAP_URL = f"imap://bonjour:secret@127.0.0.1:{served.server_address[1]}/INBOX"
    yield served
    served.shutdown()
    served.server_close()


def test_a_mailbox_is_read_once_and_goes_on_where_it_was(box, anne, settings, now):
    box.letters = {3: letter("Un"), 4: b"\xff\x00 no letter", 9: letter("Deux", subject="Deux")}
    fetching.fetch_mail(now=now)
    fetching.fetch_mail(now=now)
    assert [m.text.strip() for m in Message.objects.filter(sender="anne@example.org").order_by("id")] == ["Un", "Deux"]
    assert list(Intake.objects.order_by("id").values_list("mark", flat=True)) == ["7:3", "7:4", "7:9"]
    assert sum("BODY.PEEK[]" in asked for asked in box.asked) == 3
    box.letters[10] = letter("x" * 5000, subject="Photos")
    settings.MAIL_MAX_BYTES = 2000
    fetching.fetch_mail(now=now)
    assert Intake.objects.get(mark="7:10").outcome == "too_large"
    box.validity = 8  # the mailbox was made anew: the same letters under other numbers
    settings.MAIL_MAX_BYTES = 10_000_000
    fetching.fetch_mail(now=now)
    assert Intake.objects.filter(mark__startswith="8:", outcome="repeated").count() == 3


def test_without_a_mailbox_nothing_is_asked(now):
    fetching.fetch_mail(now=now)


def test_a_letter_that_breaks_us_does_not_keep_the_others_out(box, anne, monkeypatch, now):
    box.letters = {1: letter("Un"), 2: letter("Deux", subject="Deux")}
    real = fetching.receive_email

    def sometimes(raw, **told):
        if b"Deux" not in raw:
            raise ZeroDivisionError
        return real(raw, **told)

    monkeypatch.setattr(fetching, "receive_email", sometimes)
    fetching.fetch_mail(now=now)
    assert dict(Intake.objects.values_list("mark", "outcome")) == {"7:1": "failed", "7:2": "received"}


@pytest.mark.django_db(transaction=True)
def test_the_mail_server_of_the_house_hands_letters_over(settings):
    settings.MAIL_MAX_BYTES = 5000
    loop = asyncio.new_event_loop()  # in a thread: this one may have a browser's
    threading.Thread(target=loop.run_forever, daemon=True).start()
    served = asyncio.run_coroutine_threadsafe(loop.create_server(session, "127.0.0.1", 0), loop).result(20)
    port = served.sockets[0].getsockname()[1]
    with smtplib.LMTP("127.0.0.1", port) as client:
        client.sendmail("anne@example.org", ["a@maison.example", "b@maison.example"], letter("Bonjour"))
        assert client.getreply()[0] == 250  # an answer for each recipient (RFC 2033); smtplib reads the first
        with pytest.raises(smtplib.SMTPException) as refused:
            client.sendmail("anne@example.org", ["a@maison.example"], letter("x\n" * 5000))
    assert "552" in str(refused.value)
    loop.call_soon_threadsafe(loop.stop)
    assert Message.objects.get().text == "Bonjour"


def test_a_short_message_comes_in_by_its_providers_signature_only(anne, settings):
    settings.SMS_URL = "https://AC1:token@sms.example"
    form = {"From": "+33612345678", "Body": "Où êtes-vous ?", "MessageSid": "SM1"}
    signed = signatures.twilio("https://clients.maison.example/intake/sms", form, "token")
    for signature in ("", "x", signatures.twilio("https://clients.maison.example/intake/sms", form, "other")):
        assert Client().post("/intake/sms", form, headers={"X-Twilio-Signature": signature}).status_code == 403
    answer = Client().post("/intake/sms", form, headers={"X-Twilio-Signature": signed})
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/xml")
    assert Message.objects.get().text == "Où êtes-vous ?"
    settings.SMS_URL = ""
    assert Client().post("/intake/sms", form, headers={"X-Twilio-Signature": signed}).status_code == 403


def test_twilios_own_example_of_a_signature_holds():
    """From Twilio's documentation of request validation."""
    form = {
        "CallSid": "CA1234567890ABCDE", "Caller": "+12349013030", "Digits": "1234", "From": "+12349013030",
        "To": "+18005551212",
    }  # fmt: skip
    signed = signatures.twilio("https://mycompany.com/myapp.php?foo=1&bar=2", form, "12345")
    assert signed == "0/KCTR6DLpKmkAf8muzZqo1nDgQ="


def test_what_a_provider_says_of_our_letters_is_noted(anne, me, now, carry_out):
    said = write(anne, "email", Words(text="x", subject="y"), purpose="service", key="k", by=me, now=now)
    carry_out()
    sent = Outgoing.objects.get(message=said)

    def tell(kind: str, recipient: str) -> None:
        event = AnymailTrackingEvent(event_type=kind, message_id=sent.provider_id, recipient=recipient)
        observing.note_tracking(event, now=now)

    tell("delivered", "anne@example.org")
    tell("bounced", "other@example.org")
    assert not DeadAddress.objects.exists()
    tell("complained", "Anne@example.org")
    assert DeadAddress.objects.get().why == "complained"
    tell("bounced", "anne@example.org")
    assert Message.objects.get().state == "bounced"


def test_one_press_stops_messages_and_looking_stops_nothing(anne, me, now):
    record_consent(anne, "marketing", "email", given=True, by=me, now=now)
    address = f"/p/unsubscribe/{token_of(anne, 'marketing', 'email')}"
    page = Client(headers={"Accept-Language": "fr"}).get(address)
    assert "Arrêter ces messages" in page.content.decode()
    assert has_consent(anne.pk, "marketing", "email")
    assert Client(enforce_csrf_checks=True).post(address, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert not has_consent(anne.pk, "marketing", "email")
    assert Client().get(address[:-3]).status_code == 404
