"""Putting conversations in order, and what becomes of them when persons are merged, copied and erased."""

from __future__ import annotations

from datetime import timedelta

import pytest
from letters import fixtures
from tests.racing import at_once

from egard.base.refusal import NotFound
from egard.kernel.access.actors import Actor, NotAllowed
from egard.kernel.access.queries import viewer_for
from egard.kernel.lifecycle.operations import erase_person, export_person, merge_persons
from egard.kernel.messages import files, queries
from egard.kernel.messages.arriving import receive_chat, receive_email
from egard.kernel.messages.conversing import Words, note, reply
from egard.kernel.messages.models import Attachment, Message, Outgoing, Thread
from egard.kernel.messages.sorting import NothingToSplit, NotTheSame, identify, join, move, part, split
from egard.kernel.promises.models import Promise
from egard.kernel.timeline.models import Fact

pytestmark = pytest.mark.django_db
ME = Actor("user", "5d0bdf0e-0000-7000-8000-000000000001", "Claire")


def test_who_is_known_at_last_has_what_was_said_and_the_same_promise(anne, post, now):
    message = post("Bonjour", verified=False)
    due = Promise.objects.get().due_at
    later = now + timedelta(hours=1)
    for _twice in range(2):
        thread = identify(message.thread, anne, by=ME, now=later)
    assert (thread.person, thread.claimed) == (anne, None)
    hers = Promise.objects.get(person=anne)
    assert (hers.due_at, hers.uuid, Promise.objects.exclude(pk=hers.pk).get().state) == (
        due,
        thread.awaiting,
        "released",
    )
    assert Fact.objects.filter(person=anne, kind__name="messages.received").count() == 1


def test_a_conversation_of_somebody_else_is_not_hers(anne, make_person, post, now):
    thread = post().thread
    with pytest.raises(NotTheSame):
        identify(thread, make_person("Zoé"), by=ME, now=now)


def test_what_is_about_something_else_goes_on_by_itself(anne, post, now):
    first = post("Un", Message_ID="<1@example.org>")
    second = post("Deux", Message_ID="<2@example.org>", In_Reply_To="<1@example.org>")
    made = split(first.thread, [second], by=ME, now=now)
    assert post("Trois", In_Reply_To="<2@example.org>").thread == made
    assert Promise.objects.filter(state="open").count() == 2
    with pytest.raises(NothingToSplit):
        split(first.thread, [first], by=ME, now=now)
    with pytest.raises(NothingToSplit):
        split(first.thread, [second], by=ME, now=now)


def test_two_conversations_become_one_and_answers_to_either_arrive_there(anne, make_person, post, now):
    first, second = post("Un", Message_ID="<1@example.org>"), post("Deux", Message_ID="<2@example.org>")
    kept = join(first.thread, second.thread, by=ME, now=now)
    assert join(first.thread, second.thread, by=ME, now=now) == kept
    assert post("Trois", In_Reply_To="<1@example.org>").thread == kept
    assert kept.messages.count() == 3
    assert Promise.objects.filter(state="open").count() == 1
    assert reply(first.thread, Words(text="Bonjour"), by=ME, now=now, key="x").thread == kept
    make_person("Zoé", email="zoe@example.org")
    other = post("Moi", sender="zoe@example.org")
    with pytest.raises(NotTheSame):
        join(other.thread, kept, by=ME, now=now)
    with pytest.raises(NotTheSame):
        move(other, kept, by=ME, now=now)


def test_a_conversation_of_nobody_knows_who_is_hers_only_while_hers_is_joined_to_it(anne, post, now):
    hers, nobodys = post("Un").thread, post("Deux", verified=False).thread
    assert nobodys.person is None
    assert join(hers, nobodys, by=ME, now=now).person == anne
    for _twice in range(2):
        part(Thread.objects.get(pk=hers.pk), by=ME, now=now)
    nobodys.refresh_from_db()
    assert (nobodys.person, nobodys.messages.count()) == (None, 1)
    assert Thread.objects.get(pk=hers.pk).person == anne
    open_ones = Promise.objects.filter(state="open")
    assert {one.person for one in open_ones} == {anne, None}
    assert {one.uuid for one in open_ones} == {nobodys.awaiting, Thread.objects.get(pk=hers.pk).awaiting}


def test_what_she_was_told_by_when_holds_after_a_join_that_was_undone(anne, post, now):
    due = now + timedelta(hours=2)
    first = receive_chat(anne, "Un", due_at=due, key="k", now=now).message.thread
    join(first, post("Deux").thread, by=ME, now=now)
    again = part(Thread.objects.get(pk=first.pk), by=ME, now=now + timedelta(hours=1))
    promise = Promise.objects.get(uuid=again.awaiting)
    assert (promise.state, promise.due_at, promise.person) == ("open", due, anne)


def test_a_join_pushes_nothing_back(anne, post, now):
    due = now + timedelta(hours=2)
    closed = post("Deux", at=now - timedelta(days=1)).thread
    reply(closed, Words(text="Fait."), by=ME, now=now, key="a")
    Thread.objects.filter(pk=closed.pk).update(awaiting=None)
    first = receive_chat(anne, "Un", due_at=due, key="k", now=now).message.thread
    kept = join(first, Thread.objects.get(pk=closed.pk), by=ME, now=now + timedelta(hours=1))
    assert Promise.objects.get(uuid=kept.awaiting).due_at == due


def test_a_message_is_moved_and_nobody_waits_where_it_was(anne, post, now):
    first, second = post("Un"), post("Deux")
    move(second, first.thread, by=ME, now=now)
    assert Message.objects.filter(thread=first.thread).count() == 2
    left = Thread.objects.get(pk=second.thread_id) if second.thread_id != first.thread_id else None
    empty = Thread.objects.exclude(pk=first.thread_id).get()
    assert (left, empty.state, empty.awaiting) == (None, "closed", None)


def test_merged_persons_have_their_conversations_together(anne, make_person, post, everything, me, now):
    twin = make_person("A.", "Martin", email="a.martin@example.org")
    hers = post("Un", sender="a.martin@example.org").thread
    mine = post("Deux").thread
    merge_persons(anne, twin, by=me, now=now)
    anne = type(anne).objects.get(pk=anne.pk)
    assert {one.pk for one in queries.threads(everything, person=anne, now=now).items} == {hers.pk, mine.pk}
    assert join(hers, mine, by=ME, now=now).pk == mine.pk


def test_her_copy_says_all_and_her_erasure_leaves_that_it_was(
    anne, post, carry_out, everything, me, now, django_capture_on_commit_callbacks
):
    raw = fixtures("test_email_data")["msg_07.txt"].replace(b"barry@digicool.com", b"anne@example.org")
    with_file = receive_email(raw, source="test", now=now).message
    identify(with_file.thread, anne, by=ME, now=now)
    said = reply(post("Mon secret").thread, Words(text="Bien reçu"), by=ME, now=now, key="x")
    note(said.thread, Words(text="client difficile"), by=ME, now=now, key="n")
    rows = [row for row in export_person(everything, anne, now=now)["messages"] if "direction" in row]
    assert [row["text"] for row in rows][1:] == ["Mon secret", "Bien reçu"]
    assert rows[0]["files"][0]["type"] == "image/gif"
    path = files.path_of(Attachment.objects.get().sha256)
    assert path.exists()
    with django_capture_on_commit_callbacks(execute=True):
        erase_person(anne, by=me, now=now)
        carry_out(at=now + timedelta(minutes=1))
    assert not path.exists()
    assert {(m.text, m.sender, m.subject, m.html) for m in Message.objects.all()} == {("", "", "", "")}
    assert {(t.subject, t.address, t.state) for t in Thread.objects.all()} == {("", "", "closed")}
    assert Outgoing.objects.get(message=said).state == "dropped"
    assert Message.objects.count() == 4


@pytest.mark.django_db(transaction=True)
def test_joining_and_taking_apart_at_the_same_moment_block_nobody(anne, post, now):
    older = post("Un", Message_ID="<1@example.org>").thread
    newer = split(older, [post("Deux", In_Reply_To="<1@example.org>")], by=ME, now=now)
    for turn in range(12):
        # Also where the older one is joined to the newer: the order of their numbers is not the order of the join.
        gone, kept = (older, newer) if turn % 2 else (newer, older)
        join(gone, kept, by=ME, now=now)
        gone = Thread.objects.get(pk=gone.pk)
        works = [
            lambda gone=gone: part(gone, by=ME, now=now),
            lambda: join(newer, older, by=ME, now=now),
            lambda: join(older, newer, by=ME, now=now),
            lambda gone=gone, turn=turn: note(gone, Words(text="Vu"), by=ME, now=now, key=f"{turn}"),
        ]
        at_once(works)  # a deadlock would be raised
        for one in Thread.objects.filter(joined_to__isnull=False):
            part(one, by=ME, now=now)
        assert Message.objects.filter(direction="in").count() == 2
        assert not Thread.objects.filter(joined_to__isnull=False).exists()


def test_staff_read_the_conversations_within_their_reach(anne, post, make_user, everything, now):
    thread = post("Un").thread
    unknown = post("Deux", sender="x@example.org").thread
    agent, host = viewer_for(make_user("agent")), viewer_for(make_user("host"))
    assert {one.pk for one in queries.threads(agent, box="unassigned", now=now).items} == {thread.pk, unknown.pk}
    assert [m.text.strip() for m in queries.thread(agent, thread.uuid).said] == ["Un"]
    with pytest.raises(NotAllowed):
        queries.threads(host, now=now)
    page = queries.threads(agent, now=now, limit=1)
    assert queries.threads(agent, now=now, limit=1, cursor=page.next).items[0].pk != page.items[0].pk
    assert queries.may_hear(agent, str(thread.uuid))
    assert not queries.may_hear(host, str(thread.uuid))
    assert not queries.may_hear(agent, "x")
    with pytest.raises(NotFound):
        queries.thread(agent, anne.uuid)
