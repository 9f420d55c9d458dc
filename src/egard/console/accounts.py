"""How accounts behave: no sign-up (an administrator makes them), the product's own words."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

SAID = {"account/messages/password_changed.txt", "account/messages/password_set.txt"}


class StaffAccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None, *args: Any, **kwargs: Any
    ) -> None:
        """Signing in and out shows by itself, and what fails is said by the form; a new password shows nowhere else."""
        if message_template in SAID:
            super().add_message(request, level, message_template, *args, **kwargs)
