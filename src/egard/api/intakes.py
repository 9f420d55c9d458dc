"""Where providers bring what came in: their own addresses, their own signatures, no key of ours."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from egard.base.clock import utc_now
from egard.kernel.messages import observing
from egard.kernel.messages.arriving import receive_text
from egard.kernel.messages.rules import signatures
from egard.kernel.people.operations import BadIdentifier

NOTHING_TO_SAY = '<?xml version="1.0" encoding="UTF-8"?><Response></Response>'
KEY_MAX = 100


@csrf_exempt
@require_POST
def sms(request: HttpRequest) -> HttpResponse:
    """A short message, as Twilio tells of one; its signature is made with the account's token. 403 without it."""
    form = {name: str(value) for name, value in request.POST.items()}
    token = unquote(urlsplit(settings.SMS_URL).password or "")
    address = f"{settings.URL}{request.get_full_path()}" if settings.URL else request.build_absolute_uri()
    if not signatures.is_twilios(address, form, token, request.headers.get("X-Twilio-Signature", "")):
        return HttpResponse(status=403)
    sender, key = form.get("From", ""), form.get("MessageSid", "")[:KEY_MAX]
    if key and sender:
        with suppress(BadIdentifier):  # a name instead of a number: nobody whom one could answer
            receive_text(sender, form.get("Body", ""), key=key, now=utc_now())
    return HttpResponse(NOTHING_TO_SAY, content_type="text/xml")


def on_inbound(sender: Any, event: Any, esp_name: str, **_more: Any) -> None:
    observing.note_inbound(event, esp_name.lower(), now=utc_now())


def on_tracking(sender: Any, event: Any, esp_name: str, **_more: Any) -> None:
    observing.note_tracking(event, now=utc_now())


def addresses() -> list[Any]:
    """Those of anymail only with its secret: some providers sign nothing, and then nobody could be told from them."""
    mail = [path("intake/mail/", include("anymail.urls"))] if settings.ANYMAIL.get("WEBHOOK_SECRET") else []
    return [path("intake/sms", sms, name="intake_sms"), *mail]
