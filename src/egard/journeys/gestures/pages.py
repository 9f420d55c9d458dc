"""The pages of gestures."""

from __future__ import annotations

from typing import Any

app_name = "gestures"
urlpatterns: list[Any] = []
