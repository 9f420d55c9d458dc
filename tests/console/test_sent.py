"""The box of sent messages, and the warnings that staff get."""

from __future__ import annotations

import re

import pytest

from egard.kernel.access.models import Sight
from egard.kernel.messages.models import Outgoing
from egard.kernel.messages.operations import send

pytestmark = pytest.mark.django_db
ENTRANCE = "/accounts/login/"


@pytest.fixture
def letter(make_person, me, now, carry_out):
    anne = make_person("Anne", "Kerouac", email="anne@example.org")
    fields = {"given_name": "Anne", "at": now}
    found = send("messages.exported", "anne@example.org", key="one", fields=fields, person=anne, by=me, now=now)
    carry_out()
    return found


def test_an_auditor_reads_what_went_out_and_the_sight_is_logged(read_as, letter, settings):
    client = read_as("auditor")
    page = client.get("/admin/sent/?to=Anne@example.org&state=sent").content.decode()
    assert str(letter.uuid) in page
    assert "No e-mail server is set" in page
    whole = client.get(f"/admin/sent/{letter.uuid}/").content.decode()
    assert "anne@example.org" in whole
    drawn = client.get(f"/admin/sent/{letter.uuid}/as-drawn/")
    assert "Bonjour Anne" in drawn.content.decode()
    assert "script-src 'self'" in drawn["Content-Security-Policy"]
    assert "frame-ancestors 'self'" in drawn["Content-Security-Policy"]
    assert Sight.objects.filter(kind="message", person_id=letter.person_id).count() == 1
    settings.MAIL_DRIVER = "smtp"
    assert "No e-mail server is set" not in client.get("/admin/sent/").content.decode()


def test_nobody_else_reads_it(read_as, letter):
    client = read_as("agent")
    assert client.get("/admin/sent/").status_code == 403
    assert client.get(f"/admin/sent/{letter.uuid}/").status_code == 403
    assert client.get(f"/admin/sent/{letter.uuid}/as-drawn/").status_code == 403
    assert "/admin/sent/" not in client.get("/people/").content.decode()


def test_the_box_costs_the_same_however_full(read_as, letter, me, now, make_person, django_assert_max_num_queries):
    for n in range(60):
        person = make_person("Zoé", str(n))
        fields = {"given_name": "Zoé", "at": now}
        send("messages.exported", f"{n}@example.org", key=str(n), fields=fields, person=person, by=me, now=now)
    client = read_as("administrator")
    with django_assert_max_num_queries(8):
        page = client.get("/admin/sent/").content.decode()
    following = re.search(r"cursor=([^\"&]+)\"", page)[1]
    assert str(letter.uuid) in client.get(f"/admin/sent/?cursor={following}").content.decode()


def test_a_new_browser_a_password_and_the_second_step_are_told_to_their_owner(client, make_user):
    make_user("agent", email="camille@example.org", name="Camille Roussel", password="a-warm-welcome", language="en")

    def enter():
        told = {"login": "camille@example.org", "password": "a-warm-welcome"}
        agent = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
        assert client.post(ENTRANCE, told, headers={"User-Agent": agent}).status_code == 302

    enter()
    client.post("/accounts/logout/")
    enter()  # the same browser is no news
    warning = Outgoing.objects.get()
    assert (warning.kind, warning.to) == ("messages.new_browser", "camille@example.org")
    assert "Firefox, Linux" in warning.text
    client.cookies["egard_known"] = "made-up"
    client.post("/accounts/logout/")
    enter()
    assert Outgoing.objects.count() == 2
    changed = {"oldpassword": "a-warm-welcome", "password1": "another-warm-one", "password2": "another-warm-one"}
    assert client.post("/accounts/password/change/", changed).status_code == 302
    assert Outgoing.objects.filter(kind="messages.password_changed").count() == 1
