"""The second step of signing in: its secrets are not to be read from the database."""

from __future__ import annotations

import json

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from cryptography.fernet import InvalidToken
from django.db import connection

from egard.kernel.messages.models import Outgoing

pytestmark = pytest.mark.django_db


def kept() -> str:
    """All that the database holds of the second step, as whoever reads it sees it."""
    with connection.cursor() as cursor:
        cursor.execute("select data::text from mfa_authenticator")
        return json.dumps(cursor.fetchall())


def test_a_secret_is_kept_encrypted_and_still_checks_codes(make_user):
    secret = generate_totp_secret()
    TOTP.activate(make_user("agent"), secret)
    assert secret not in kept()
    code = format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))
    second_step = Authenticator.objects.get().wrap()
    assert second_step.validate_code(code)


def test_recovery_codes_are_kept_encrypted(make_user):
    codes = RecoveryCodes.activate(make_user("agent"))
    seed = codes.instance.data["seed"]
    assert all(code not in kept() for code in codes.get_unused_codes())
    assert seed in kept()
    assert len(seed) > 100  # a token, not the 40 digits of a seed


def test_another_key_reads_nothing_and_a_replaced_one_still_does(make_user, settings):
    secret = generate_totp_secret()
    TOTP.activate(make_user("agent"), secret)
    code = format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another key"
    with pytest.raises(InvalidToken):
        Authenticator.objects.get().wrap().validate_code(code)
    settings.SECRET_KEY_FALLBACKS = [old]
    assert Authenticator.objects.get().wrap().validate_code(code)


def test_a_changed_second_step_is_told_to_its_owner(make_user):
    user = make_user("agent", name="Camille Roussel", language="en")
    for prefix in ("mfa/email/totp_activated", "mfa/email/totp_deactivated", "mfa/email/recovery_codes_generated"):
        get_adapter().send_notification_mail(prefix, user)
    told = Outgoing.objects.order_by("id").values_list("text", flat=True)
    words = ("was turned on", "was turned off", "New recovery codes")
    assert [said in text for said, text in zip(words, told, strict=True)] == [True] * 3
