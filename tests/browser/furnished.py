"""What the installation holds of which every page is looked at."""

from __future__ import annotations

from datetime import timedelta

from egard.base.clock import utc_now
from egard.base.money import Money
from egard.kernel.access.operations import ensure_site
from egard.kernel.access.queries import system_viewer
from egard.kernel.cases import articles, outside
from egard.kernel.cases import operations as cases
from egard.kernel.delegations import operations as delegations
from egard.kernel.ledger.operations import open_account, transfer
from egard.kernel.messages.arriving import receive_chat, receive_email
from egard.kernel.messages.conversing import Words, note, reply
from egard.kernel.messages.templating import Draught, set_template
from egard.kernel.promises.bulk import Story, remember
from egard.kernel.promises.operations import pause, promise, publish
from egard.portal import rules
from egard.portal.models import Session
from egard.portal.operations import new_secret, sha


def delegation_of(agent, lead, me, now):
    """What agents may decide while they are trained, of whom one is, and what was decided with a second person."""
    what, euros = "parcels.compensate", lambda n: Money(n * 100, "EUR")
    delegations.set_course("lost", "Zoé Martin", by=me, now=now)
    delegations.record_training(agent, "lost", valid_until=now + timedelta(days=20), by=me, now=now)
    one = delegations.delegate(
        what, role="agent", per_act=50_00, per_day=300_00, per_person=90_00, training="lost", reason="Anne",
        valid_until=now + timedelta(days=200), by=me, now=now,
    )  # fmt: skip
    delegations.change(one, per_act=80_00, reason="Lebœuf", by=me, now=now)
    delegations.delegate(what, role="supervisor", per_act=2000_00, by=me, now=now)
    delegations.end(delegations.delegate(what, user=lead, per_act=10_00, by=me, now=now), by=me, now=now)
    assert delegations.use(agent, what, euros(30), key="one", by=me, now=now).allowed
    return one


def purse_of(anne, me, now):
    """A purse in lots: some of it was spent, and some is held back."""
    who = {"by": me, "now": now}
    house = open_account("house:funds", unit="EUR", kind="equity", name="Lyon", **who)
    purse = open_account(
        f"wallet:{anne.uuid}", unit="EUR", kind="liability", limit="no_negative", lots=True, owner=anne, **who
    )
    for n, days in enumerate((30, 300)):
        sides = {"debit": house, "credit": purse, "lot_expires_at": now + timedelta(days=days)}
        transfer(**sides, amount=1250, key=f"in{n}", reason="Anne", by=me, now=now - timedelta(days=9 - n))
    transfer(debit=purse, credit=house, amount=150, key="out", **who)
    transfer(debit=purse, credit=house, amount=300, key="held", pending=True, **who)
    return purse


def promises_of(anne, agent, me, now):
    """A past of promises that is shown to all, and some that are owed; one of these is answered."""
    site = ensure_site("lyon", "Lyon Bellecour", by=me, now=now)
    past = [
        Story(
            kind="promises.answer",
            key=f"past:{n}",
            within="2 h",
            made_at=now - timedelta(days=5 * n + 5),
            deeds=[("kept", now - timedelta(days=5 * n + 5) + timedelta(hours=1 if n % 7 else 5), "")],
            person_id=anne.pk,
            owner_id=agent.pk,
            site_id=site.pk,
            channel="email",
        )
        for n in range(50)
    ]
    remember(past, by=me, now=now)
    publish(True, by=me, now=now)
    for key, within in (("soon", "10 min"), ("later", "2 business days")):
        last = promise(anne, "promises.answer", within=within, key=key, owner=agent, site=site, by=me, now=now)
    pause(promise(anne, "promises.call_back", key="paused", by=me, now=now), reason="Anne", by=me, now=now)
    return last


LETTER = """From: Anne Leb\u0153uf <anne@example.org>
To: bonjour@example.org
Subject: Anne
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="b"

--b
Content-Type: text/plain; charset=utf-8

Anne

Le 3 mars 2026 \u00e0 10:00, Lyon <lyon@example.org> a \u00e9crit :
> Anne

--
Anne
--b
Content-Type: application/pdf; name="anne.pdf"

%PDF-1.7
--b--
"""


def thread_of(me, now):
    """A letter under Anne's name that nothing vouches for, a note on it, and an answer that has not left yet."""
    held = receive_email(LETTER.encode(), source="test", now=now).message.thread
    set_template(Draught(code="ba-a", language="fr", label="Anne", text="Anne", is_reply=True), by=me, now=now)
    set_template(Draught(code="be-a", language="fr", label="Anne", subject="Anne", text="Anne"), by=me, now=now)
    note(held, Words(text="Anne"), by=me, now=now, key="note")
    reply(held, Words(text="Anne"), by=me, now=now, key="reply")
    return held


def chat_of(anne, me, now):
    """What Anne asked on her own pages, and our answer."""
    held = receive_chat(anne, "Anne", key="one", now=now).message.thread
    reply(held, Words(text="Lyon"), by=me, now=now, key="chat")
    return held


def cases_of(person, another, *, now):
    """A case on its way, and one that was closed against its rules; and something that found no case."""
    viewer = system_viewer("test")
    case = cases.open_case(viewer, "stolen_phone", person, channel="voice", now=now - timedelta(hours=30))
    blocked = {"line": "06 12 34 56 78", "blocked_at": (now - timedelta(hours=29)).isoformat()}
    cases.complete_step(viewer, case.uuid, "block", blocked, now=now - timedelta(hours=29))
    cases.skip_step(viewer, case.uuid, "facts", reason="Anne", now=now - timedelta(hours=28))
    cases.add_step(viewer, case.uuid, "Lebœuf", department="security", now=now - timedelta(hours=20))
    cases.write_note(viewer, case.uuid, "Camille Lefèvre", now=now)
    articles.say_of_step(viewer, "stolen_phone", "block", "Zoé Martin", now=now)
    closed = cases.open_case(viewer, "complaint", another, now=now)
    cases.close_case(viewer, closed.uuid, outcome="withdrawn", override="Anne", now=now)
    outside.receive(viewer, "police_report", "77", {}, key="one", now=now)
    return case, closed


def portal_session_of(person) -> str:
    """What the cookie of somebody holds who is signed in to her own space."""
    now, secret = utc_now(), new_secret()
    lives = rules.lives_until(began_at=now, now=now)
    Session.objects.create(
        token=sha(secret), person=person, device="Firefox", began_at=now, seen_at=now, expires_at=lives
    )
    return secret


def second_step(user) -> None:
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    TOTP.activate(user, generate_totp_secret())
    RecoveryCodes.activate(user)
