"""Phones that call the webhook over Django's client."""

from __future__ import annotations

from django.test import Client

from egard.journeys.reach.sandbox import Phone

TOKEN = "token-of-the-provider"
MOBILE = "+33612345678"
LINES = ("+33140000001", "+33140000002")


def post(url, form, headers):
    """A form to the webhook, over Django's client."""
    answer = Client().post(url.removeprefix("http://testserver"), form, headers=headers)
    return answer.status_code, answer.content.decode()


def phone(number: str = MOBILE, **more) -> Phone:
    return Phone(post, TOKEN, number, **more)
