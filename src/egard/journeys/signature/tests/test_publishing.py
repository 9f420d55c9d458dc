"""The style published from a page: looked through, tried, kept with who and when; what is wrong changes nothing."""

from __future__ import annotations

import pytest
from django.db import transaction

from egard.base.clock import utc_now
from egard.journeys.signature import brands, operations
from egard.journeys.signature.models import Publication
from egard.journeys.signature.rules.brand import DEFAULT
from egard.kernel.access.models import Change

pytestmark = pytest.mark.django_db(transaction=True)
OWN = DEFAULT.read_text(encoding="utf-8").replace("brand: house", "brand: lumiere").replace("usager:", "machin:")
WRONG = OWN.replace("posture: vous", "posture: nous", 1)


@pytest.fixture(autouse=True)
def no_own_file(settings, tmp_path, monkeypatch):
    settings.MEDIA_ROOT = tmp_path / "files"
    monkeypatch.delenv("EGARD_BRAND", raising=False)


@pytest.fixture
def read_as(client, make_user):
    def sign_in(role):
        client.user = make_user(role, name="Zoé Marchand")
        client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
        client.force_login(client.user)
        return client

    return sign_in


def test_what_is_published_holds_at_once_and_says_who(read_as):
    client = read_as("administrator")
    assert client.post("/signature/style/file/", {"source": OWN}).url == "/signature/style/"
    assert brands.held().brand.style.brand == "lumiere"
    assert Change.objects.get(what="signature.published").actor == f"user:{client.user.pk}"
    assert client.user.name in client.get("/signature/style/file/").content.decode()
    client.post("/signature/style/file/", {"source": OWN})
    assert Publication.objects.count() == 1


def test_a_file_that_is_wrong_changes_nothing_and_says_where(read_as):
    before, client = brands.held().brand.version, read_as("administrator")
    refused = client.post("/signature/style/file/", {"source": WRONG})
    line = WRONG.split("\n").index("    posture: nous") + 1
    html = refused.content.decode()
    assert refused.status_code == 422
    assert f'data-line="{line}"' in html
    assert "posture: nous" in html
    assert (brands.held().brand.version, Publication.objects.count()) == (before, 0)


def test_what_is_wrong_is_said_in_the_reader_s_language(read_as):
    client = read_as("administrator")
    client.user.language = "fr"
    client.user.save()
    html = client.post("/signature/style/file/", {"source": f"{OWN}\nbogus: 1\n"}).content.decode()
    assert "bogus\u00a0: cette clé n’est pas connue ici" in html


def test_a_sample_is_tried_by_what_holds_and_by_what_would(read_as):
    body = {"source": OWN, "sample": "Bonjour Anne, un usager vous attend."}
    html = read_as("administrator").post("/signature/style/file/look/", body).content.decode()
    held, would = html.split('class="sheet"')[1:]
    assert "Une personne, pas une catégorie." in held
    assert "Une personne, pas une catégorie." not in would


def test_a_file_that_the_operator_keeps_is_not_written_here(me, monkeypatch, tmp_path):
    kept = tmp_path / "brand.yaml"
    kept.write_text(OWN, encoding="utf-8")
    monkeypatch.setenv("EGARD_BRAND", str(kept))
    with pytest.raises(operations.KeptElsewhere):
        operations.publish(DEFAULT.read_text(encoding="utf-8"), by=me, now=utc_now())
    assert kept.read_text(encoding="utf-8") == OWN


class Killed(BaseException):
    """What a process that is killed does next: nothing."""


def test_a_kill_between_the_row_and_the_file_leaves_one_truth(me, monkeypatch):
    before = brands.held().source

    def kill(_source):
        raise Killed

    with monkeypatch.context() as cut:
        cut.setattr(brands, "write", kill)
        with pytest.raises(Killed):
            operations.publish(OWN, by=me, now=utc_now())
    assert (Publication.objects.count(), brands.held().source) == (1, before)
    operations.put_in_place(now=utc_now())  # the next worker
    assert brands.held().source == OWN
    brands.write(before)  # by hand, since
    operations.put_in_place(now=utc_now())
    assert brands.held().source == before


def test_what_is_rolled_back_writes_no_file(me):
    before = brands.held().source
    with transaction.atomic():
        operations.publish(OWN, by=me, now=utc_now())
        transaction.set_rollback(True)
    assert (Publication.objects.count(), brands.held().source) == (0, before)


def test_who_may_not_publish_changes_no_style(read_as):
    client = read_as("agent")
    assert client.get("/signature/style/file/").status_code == 403
    assert client.post("/signature/style/file/", {"source": OWN}).status_code == 403
    assert "/signature/style/file/" not in client.get("/signature/style/").content.decode()


def test_what_to_say_stands_on_the_page_of_whom_one_speaks_with(read_as, make_person):
    anne = make_person("Anne", "Kerouac", language="fr")
    html = read_as("agent").get(f"/people/{anne.uuid}/panels/scripts/").content.decode()
    assert "Picking up" in html  # in the reader's words
    assert "Bonjour Madame Perrin" in html  # in the language of whom one speaks with
