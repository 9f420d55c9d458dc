"""The pages of gestures."""

from __future__ import annotations

from typing import Any

from egard.journeys.gestures.audits import pages as audits
from egard.journeys.gestures.outcomes import pages as outcomes

app_name = "gestures"
urlpatterns: list[Any] = [*audits.urlpatterns, *outcomes.urlpatterns]
