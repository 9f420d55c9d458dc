"""A house that is written to, and a client of hers."""

from __future__ import annotations

import pytest
from letters import letter

from egard.kernel.messages.arriving import receive_email


@pytest.fixture(autouse=True)
def house(settings, tmp_path):
    settings.MAIL_REPLY_DOMAIN = "maison.example"
    settings.MAIL_ADDRESSES = ("bonjour@maison.example",)
    settings.MAIL_AUTH_HOSTS = ("mx.maison.example",)
    settings.MEDIA_ROOT = tmp_path
    settings.URL = "https://clients.maison.example"


@pytest.fixture
def anne(make_person):
    return make_person("Anne", "Martin", email="anne@example.org", phone="+33612345678", language="fr")


@pytest.fixture
def post(now):
    """A letter arrives: `post("Bonjour", subject="Colis")`; its message."""

    def one(*words: str, at=now, source: str = "test", **more):
        return receive_email(letter(*words, **more), source=source, now=at).message

    return one
