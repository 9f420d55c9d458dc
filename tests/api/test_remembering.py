from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from egard.api.operations import KEPT, Remembered, claim, purge_idempotency, remember
from egard.api.refusals import Mismatch
from egard.kernel.access.models import ApiKey
from egard.kernel.access.operations import create_api_key, note_key_used

pytestmark = pytest.mark.django_db


def test_a_key_is_claimed_once_and_its_answer_is_kept_for_a_day(me, now):
    record = claim(me, "k1", path="/api/v1/people", body=b"{}", now=now)
    assert isinstance(record, int)
    remember(record, status=201, content_type="application/json", content=b'{"id": 1}')
    later = now + KEPT - timedelta(seconds=1)
    assert claim(me, "k1", path="/api/v1/people", body=b"{}", now=later) == Remembered(
        201, "application/json", b'{"id": 1}'
    )
    with pytest.raises(Mismatch), transaction.atomic():
        claim(me, "k1", path="/api/v1/people", body=b'{"other": 1}', now=later)
    assert purge_idempotency(now=later) == 0
    assert isinstance(claim(me, "k1", path="/api/v1/events", body=b"[]", now=now + KEPT + timedelta(seconds=1)), int)


def test_a_key_tells_when_it_was_last_used(me, now):
    key, _secret = create_api_key(name="till", scopes=["all"], by=me, now=now)
    note_key_used(key.pk, now=now + timedelta(hours=1))
    assert ApiKey.objects.get(pk=key.pk).last_used_at == now + timedelta(hours=1)
