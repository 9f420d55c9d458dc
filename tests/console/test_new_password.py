"""Who forgot her password chooses another one, by a message that stands in the outbox."""

from __future__ import annotations

import re

import pytest

from egard.kernel.access.models import Change
from egard.kernel.access.operations import set_user_active
from egard.kernel.messages.models import Outgoing

pytestmark = pytest.mark.django_db
ENGLISH = {"headers": {"accept-language": "en"}}
ASK = "/accounts/password/reset/"


@pytest.fixture
def anne(make_user):
    return make_user("agent", email="anne@example.org", name="Anne Kerouac", password="a long secret", language="en")


def way(carry_out) -> str:
    """The address in the message, without the host."""
    carry_out()
    return re.search(r"https?://[^/]+(/\S+)", Outgoing.objects.get(kind="messages.new_password").text)[1]


def test_a_new_password_by_mail_once_and_in_the_log(client, anne, carry_out):
    assert ASK in client.get("/accounts/login/").content.decode()
    page = client.post(ASK, {"email": "Anne@Example.org"}, follow=True, **ENGLISH).content.decode()
    assert "a message is on its way" in page
    address = way(carry_out)
    form = client.get(address, follow=True, **ENGLISH)
    new = {"password1": "another long secret", "password2": "another long secret"}
    assert "is changed" in client.post(form.redirect_chain[-1][0], new, follow=True, **ENGLISH).content.decode()
    assert Change.objects.filter(what="access.password_set", subject=str(anne.pk)).exists()
    assert Outgoing.objects.filter(kind="messages.password_changed", to=anne.email).exists()
    signed = client.post("/accounts/login/", {"login": anne.email, "password": "another long secret"})
    assert signed.status_code == 302
    client.logout()
    assert "This address is over" in client.get(address, follow=True, **ENGLISH).content.decode()


def test_the_answer_tells_nobody_who_has_an_account(client, anne, me, now, carry_out):
    def answer(address):
        page = client.post(ASK, {"email": address}, follow=True, **ENGLISH).content.decode()
        # But for what is drawn for each request: its token, and the second at which it was drawn.
        return re.sub(r'csrfmiddlewaretoken" value="\w+|X-CSRFToken[^}]+|"\d{10}"', "", page)

    known, unknown = answer("anne@example.org"), answer("nobody@example.org")
    set_user_active(anne, False, by=me, now=now)
    assert known == unknown == answer("anne@example.org")
    assert [one.to for one in Outgoing.objects.filter(kind="messages.new_password")] == ["anne@example.org"]


def test_the_way_leads_to_the_houses_own_address_whatever_the_request_calls_it(client, anne, settings, carry_out):
    settings.URL, settings.ALLOWED_HOSTS = "https://clients.example.org", ["*"]
    client.post(ASK, {"email": "anne@example.org"}, headers={"host": "evil.example.net"})
    carry_out()
    text = Outgoing.objects.get(kind="messages.new_password").text
    assert "https://clients.example.org/accounts/password/reset/key/" in text
    assert "evil" not in text


def test_the_box_shows_the_way_to_administrators_alone(client, read_as, anne, carry_out):
    client.post(ASK, {"email": "anne@example.org"})
    address = way(carry_out)
    one = f"/admin/sent/{Outgoing.objects.get(kind='messages.new_password').uuid}/"
    assert address in read_as("administrator").get(one).content.decode()
    auditor = read_as("auditor")
    assert address not in auditor.get(one).content.decode() + auditor.get(f"{one}as-drawn/").content.decode()
    assert "your role does not read it" in auditor.get(one).content.decode()
