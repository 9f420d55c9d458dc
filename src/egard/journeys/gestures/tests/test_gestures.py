"""Gestures."""

from __future__ import annotations

from egard.journeys.gestures import rules


def test_a_gesture_has_a_form_and_a_state():
    assert "credit" in rules.FORMS
    assert "waiting" in rules.STATES
