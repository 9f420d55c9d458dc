"""The inbox: what waits, a conversation and its answer, two colleagues on one, senders whom nothing vouches for."""

from __future__ import annotations

import re
from datetime import timedelta
from email.message import EmailMessage

import pytest

from egard.base.clock import utc_now
from egard.console.models import ThreadMention
from egard.kernel.access.models import Sight
from egard.kernel.access.queries import system_viewer, viewer_for
from egard.kernel.cases.models import Case
from egard.kernel.cases.operations import complete_step, open_case
from egard.kernel.cases.rules.engine import state_of
from egard.kernel.messages import conversing, queries
from egard.kernel.messages.arriving import receive_email
from egard.kernel.messages.conversing import Words, reply
from egard.kernel.messages.models import Message, Outgoing, Thread
from egard.kernel.messages.templating import Draught, set_template
from egard.kernel.promises.models import Promise
from egard.kernel.registry import Checked, Finding, MessageCheck, registry

pytestmark = pytest.mark.django_db
QUOTED = "Où est mon colis ?\n\nLe 3 mars 2026 à 10:00, Maison <a@maison.example> a écrit :\n> Il part demain.\n"


@pytest.fixture
def anne(make_person, settings, tmp_path):
    settings.MAIL_AUTH_HOSTS, settings.MEDIA_ROOT = ("mx.maison.example",), tmp_path
    return make_person("Anne", "Kerouac", email="anne@example.org", language="fr")


@pytest.fixture
def wrote(anne):
    """Anne writes: `wrote("Bonjour")`; the conversation."""

    def one(text: str = QUOTED, *, verified: bool = True, **headers: str) -> Thread:
        made = EmailMessage()
        if verified:
            made["Authentication-Results"] = "mx.maison.example; dmarc=pass header.from=example.org"
        made["From"], made["To"], made["Subject"] = "anne@example.org", "a@maison.example", "Mon colis"
        for name, value in headers.items():
            made[name.replace("_", "-")] = value
        made.set_content(text)
        return receive_email(made.as_bytes(), source="test", now=utc_now()).message.thread

    return one


def fields(page) -> dict[str, str]:
    """What the form of the answer carries."""
    html = page.content.decode()
    return {name: re.search(f'name="{name}" value="([^"]*)"', html)[1] for name in ("key", "seen")}


def test_what_waits_is_listed_with_its_promise_and_opens_beside_its_person(read_as, names, wrote, part):
    client, thread = read_as("agent"), wrote()
    page = client.get("/inbox/")
    assert names(page) == ["Anne Kerouac"]
    assert "Mon colis" in page.content.decode()
    assert 'class="ring' in page.content.decode()
    item = client.get(f"/worklist/inbox/item/?id={thread.uuid}", headers=part("pane"))
    assert "Où est mon colis ?" in item.content.decode()
    assert client.get("/worklist/inbox/?box=mine").url == "/inbox/?box=mine"
    assert names(client.get("/inbox/?box=mine")) == []
    assert re.findall(r'href="([^"]*)" aria-current="page"', page.content.decode())[0] == "/inbox/"


def test_a_conversation_is_read_answered_and_taken_back(read_as, wrote, part):
    client, thread = read_as("agent"), wrote()
    address = f"/inbox/{thread.uuid}/"
    page = client.get(address)
    html = page.content.decode()
    assert "<summary>Earlier messages</summary>" in html
    assert Sight.objects.filter(kind="messages").count() == 1
    body = {"text": "Il est parti ce matin.", "what": "reply", **fields(page)}
    answered = client.post(f"{address}say/", body, headers=part("thread"))
    assert "Leaves in a few seconds" in answered.content.decode()
    assert client.post(f"{address}say/", body, headers=part("thread")).status_code == 200
    said = Message.objects.get(direction="out")
    assert said.author == str(client.user and f"user:{client.user.pk}")
    back = client.post(f"{address}changes/", {"what": "undo", "message": said.uuid}, headers=part("thread"))
    assert "Il est parti ce matin.</textarea>" in back.content.decode()
    assert Message.objects.get(pk=said.pk).state == "undone"


def test_two_colleagues_do_not_answer_over_each_other(read_as, wrote, me, part):
    client, thread = read_as("agent"), wrote()
    page = client.get(f"/inbox/{thread.uuid}/")
    reply(thread, Words(text="Je m’en occupe."), by=me, now=utc_now(), key="hers")
    body = {"text": "Moi aussi.", "what": "reply", **fields(page)}
    refused = client.post(f"/inbox/{thread.uuid}/say/", body, headers=part("thread"))
    assert refused.headers["X-Egard-Refusal"] == "console.said_meanwhile"
    assert "Moi aussi.</textarea>" in refused.content.decode()
    assert "Je m’en occupe." in refused.content.decode()
    again = client.post(f"/inbox/{thread.uuid}/say/", {**body, **fields(refused)}, headers=part("thread"))
    assert again.status_code == 200
    assert Message.objects.filter(direction="out").count() == 2


def test_a_note_is_for_colleagues_and_a_ready_text_is_filled(read_as, wrote, me, part):
    client, thread = read_as("agent"), wrote()
    draught = Draught(code="thanks", language="fr", label="Merci", text="Merci {{ given_name }} !", is_reply=True)
    set_template(draught, by=me, now=utc_now())
    page = client.get(f"/inbox/{thread.uuid}/")
    client.post(f"/inbox/{thread.uuid}/say/", {"text": "Attention", "what": "note", **fields(page)})
    filled = client.post(f"/inbox/{thread.uuid}/text/", {"template": "thanks", "text": "Bonjour"}, headers=part("t"))
    assert "Bonjour\n\nMerci Anne !</textarea>" in filled.content.decode()
    assert "For colleagues only" in filled.content.decode()
    assert Promise.objects.get().state == "open"


def test_nobody_is_taken_for_her_until_somebody_vouches(read_as, anne, wrote, part):
    client, thread = read_as("agent"), wrote(verified=False)
    html = client.get(f"/inbox/{thread.uuid}/").content.decode()
    assert "Sender not verified" in html
    assert "I made sure: it is Anne Kerouac" in html
    known = client.post(f"/inbox/{thread.uuid}/changes/", {"what": "identify"}, headers=part("thread"))
    assert "I made sure" not in known.content.decode()
    assert Thread.objects.get().person == anne


def test_it_is_taken_given_and_closed_from_the_list(read_as, make_user, wrote):
    client, thread = read_as("agent"), wrote()
    hugo = make_user("agent", name="Hugo")
    client.post("/do/console.take_thread/", {"id": [thread.uuid]})
    assert Thread.objects.get().assignee == client.user
    client.post("/do/console.assign_thread/", {"id": [thread.uuid], "choice": hugo.pk})
    client.post("/undo/")
    assert Thread.objects.get().assignee == client.user
    client.post("/do/console.close_thread/", {"id": [thread.uuid]})
    assert Thread.objects.get().state == "closed"
    client.post("/undo/")
    assert Thread.objects.get().state == "open"


def test_a_list_of_fifty_costs_what_a_list_of_five_does(read_as, wrote, django_assert_max_num_queries):
    client = read_as("agent")
    for number in range(5):
        wrote(f"Un {number}")
    client.get("/inbox/")
    with django_assert_max_num_queries(60) as few:
        client.get("/inbox/")
    for number in range(20):
        wrote(f"Deux {number}")
    with django_assert_max_num_queries(len(few)):
        client.get("/inbox/")


def test_what_was_promised_first_is_answered_first_and_what_is_answered_stands_apart(read_as, names, settings):
    settings.ANSWER_WITHIN = {"email": "10 h"}
    client, hour = read_as("agent"), timedelta(hours=1)
    said = {"by": viewer_for(client.user).actor, "now": utc_now()}
    for name, ago, state in (
        ("Nine", 9, "waiting"), ("Late", 90, "waiting"), ("One", 1, "waiting"), ("Answered", 3, "answered"),
        ("Closed", 4, "closed"), ("Off", 5, "snoozed"),
    ):  # fmt: skip
        letter = EmailMessage()
        letter["From"], letter["To"], letter["Subject"] = f"{name}@example.net", "a@maison.example", name
        letter.set_content("Bonjour")
        thread = receive_email(letter.as_bytes(), source="test", now=utc_now() - ago * hour).message.thread
        if state == "answered":
            reply(thread, Words(text="Oui."), key=name, **said)
        if state == "closed":
            conversing.close(thread, **said)
        if state == "snoozed":
            conversing.snooze(thread, until=utc_now() + hour, **said)
    shelf = lambda name: [one.partition("@")[0].title() for one in names(client.get(f"/inbox/?shelf={name}"))]  # noqa: E731
    assert shelf("waiting") == ["Late", "Nine", "One"]
    assert [shelf(one) for one in ("answered", "snoozed", "closed")] == [["Answered"], ["Off"], ["Closed"]]
    assert shelf("all") == ["Late", "Nine", "Off", "One", "Answered"]
    assert client.get("/inbox/?shelf=lost").status_code == 422
    viewer = viewer_for(client.user)
    pages, cursor = [], None
    while True:
        page = queries.to_answer(viewer, shelf="all", now=utc_now(), limit=2, cursor=cursor)
        pages += [row.subject for row in page.items]
        if (cursor := page.next) is None:
            break
    assert pages == ["Late", "Nine", "Off", "One", "Answered"]


def test_who_may_not_answer_sees_no_inbox(read_as, wrote):
    thread, client = wrote(), read_as("host")
    assert client.get(f"/inbox/{thread.uuid}/").status_code == 403
    assert client.get("/inbox/").status_code == 403


def test_an_answer_leaves_later_and_a_past_moment_is_refused(read_as, wrote, part):
    client, thread = read_as("agent"), wrote()
    body = {"text": "À demain.", **fields(client.get(f"/inbox/{thread.uuid}/"))}
    refused = client.post(
        f"/inbox/{thread.uuid}/say/", {**body, "later": "at", "at": "2020-01-01T09:00"}, headers=part("t")
    )
    assert refused.headers["X-Egard-Refusal"] == "console.bad_moment"
    assert "À demain.</textarea>" in refused.content.decode()
    kept = client.post(f"/inbox/{thread.uuid}/say/", {**body, "later": "tomorrow"}, headers=part("t"))
    assert "Leaves tomorrow 09:00" in " ".join(kept.content.decode().split())
    assert Outgoing.objects.get().try_at > utc_now() + timedelta(hours=8)
    assert Promise.objects.get().state == "open"


def test_it_is_put_off_for_everybody_until_she_writes(read_as, names, wrote):
    client, thread = read_as("agent"), wrote(Message_ID="<one@example.org>")
    client.post("/do/console.put_thread_off/", {"id": [thread.uuid], "choice": "tomorrow"})
    assert names(client.get("/inbox/")) == []
    assert names(client.get("/inbox/?shelf=snoozed")) == ["Anne Kerouac"]
    client.post("/undo/")
    assert names(client.get("/inbox/")) == ["Anne Kerouac"]
    client.post("/do/console.put_thread_off/", {"id": [thread.uuid], "choice": "tomorrow"})
    wrote("Encore moi", In_Reply_To="<one@example.org>")
    assert names(client.get("/inbox/?shelf=snoozed")) == []


def test_conversations_are_split_joined_and_moved_and_each_is_undone(read_as, wrote):
    client, thread = read_as("agent"), wrote(Message_ID="<one@example.org>")
    wrote("Autre chose", In_Reply_To="<one@example.org>")
    second = thread.messages.order_by("id").last()
    client.post("/do/console.split_thread/", {"id": [second.uuid]})
    made = Thread.objects.get(joined_to=None, messages=second)
    assert made.pk != thread.pk
    client.post("/undo/")
    assert thread.messages.count() == 2
    other = wrote("Troisième sujet")
    client.post("/do/console.join_thread/", {"id": [other.uuid], "choice": thread.uuid})
    assert thread.messages.count() == 3
    client.post("/undo/")
    assert (thread.messages.count(), other.messages.count()) == (2, 1)
    assert Thread.objects.get(pk=other.pk).state == "waiting_for_us"
    client.post("/do/console.move_message/", {"id": [second.uuid], "choice": other.uuid})
    assert other.messages.count() == 2
    client.post("/undo/")
    assert other.messages.count() == 1


def test_who_is_named_in_a_note_finds_it_until_she_is_done(read_as, make_user, names, wrote):
    hugo, thread = make_user("agent", name="Hugo"), wrote()
    client = read_as("agent")
    body = {"text": "@Hugo, à toi", "what": "note", "mention": hugo.pk, **fields(client.get(f"/inbox/{thread.uuid}/"))}
    client.post(f"/inbox/{thread.uuid}/say/", body)
    client.force_login(hugo)
    page = client.get("/worklist/thread-mentions/")
    assert names(page) == ["Anne Kerouac"]
    assert "@Hugo, à toi" in page.content.decode()
    client.post("/do/console.finish_thread_mentions/", {"id": [ThreadMention.objects.get().pk]})
    assert names(client.get("/worklist/thread-mentions/")) == []


def test_ready_texts_that_answer_what_was_asked_come_first(read_as, wrote, me):
    for code, text in (("a", "Votre rendez-vous est noté."), ("b", "Votre colis arrive demain."), ("c", "Merci !")):
        set_template(Draught(code=code, language="fr", label=code, text=text, is_reply=True), by=me, now=utc_now())
    html = read_as("agent").get(f"/inbox/{wrote().uuid}/").content.decode()
    first = html.index("Votre colis arrive demain.")
    assert first < html.index("Votre rendez-vous est noté.")
    assert html.count("fits what was asked") == 1


def test_what_the_house_checks_is_said_while_one_types(read_as, wrote, monkeypatch):
    def check(draft):
        assert (draft.channel, draft.moment) == ("email", "delay")
        return Checked(12, (Finding("x.no_tea", 5, 8, "thé", "café", "Ici on sert du café.", "broken"),))

    monkeypatch.setattr(registry, "message_checks", {"x": MessageCheck("x", check)})
    client, thread = read_as("agent"), wrote()
    body = {"thread": thread.uuid, "text": "🙂 Du thé ?", "moment": "delay", "advised": "advice-1"}
    html = client.post("/advice/", body).content.decode()
    assert 'id="advice-1"' in html
    assert "Ici on sert du café." in html
    assert "&quot;start&quot;: 6" in html  # as browsers count
    assert client.post("/advice/", {"text": "x"}).status_code == 403
    assert "data-span" not in client.post("/advice/", {**body, "text": " "}).content.decode()


def test_an_answer_completes_a_step_of_her_case_or_nothing_is_said(read_as, anne, wrote, part):
    system = system_viewer("test")
    case = open_case(system, "complaint", anne, data={"subject": "Colis", "category": "service"}, now=utc_now())
    complete_step(system, case.uuid, "listen", {}, now=utc_now())
    client, thread = read_as("agent"), wrote()
    page = client.get(f"/inbox/{thread.uuid}/")
    assert f'value="{case.uuid}/acknowledge"' in page.content.decode()
    body = {"text": "J’ai bien lu votre message.", **fields(page)}
    bad = client.post(f"/inbox/{thread.uuid}/say/", {**body, "completes": f"{case.uuid}/answer"}, headers=part("t"))
    assert bad.headers["X-Egard-Refusal"].startswith("cases.")
    assert not Message.objects.filter(direction="out").exists()
    good = {**body, "completes": f"{case.uuid}/acknowledge"}
    for _again in range(2):
        assert client.post(f"/inbox/{thread.uuid}/say/", good, headers=part("t")).status_code == 200
    assert state_of(Case.objects.get().snapshot, "acknowledge") == "done"
    said = Message.objects.get(direction="out")
    client.post(f"/inbox/{thread.uuid}/changes/", {"what": "undo", "message": said.uuid}, headers=part("t"))
    assert state_of(Case.objects.get().snapshot, "acknowledge") == "available"
