"""What of this journey the catalogue of pages opens."""

from pages_shown import Shown

from egard.journeys.gestures.tests import control_pages as control


def _of(world):
    return {"uuid": world.anne.uuid}


PAGES = (
    Shown("gestures:list"),
    Shown("gestures:list", query="?state=waiting"),
    Shown("gestures:drawer", _of),
    Shown("gestures:drawer", _of, query="?responsibility=ours&severity=3&price=120"),
    Shown("gestures:figures", who="administrator"),
    Shown("gestures:budgets", who="administrator"),
    Shown("gestures:budgets", query="?past=yes", who="administrator"),
    Shown("gestures:catalogue", who="administrator", opened=(".gesture-other summary",), data=True),
    Shown("gestures:counter"),
    Shown("gestures:wallet", who="anne"),
    *control.PAGES,
)

NO_PAGES = {
    "gestures:case_panel": "a part of console:case",
    "gestures:one": "needs something given; tests/stories/test_gesture.py opens it",
    **control.NO_PAGES,
}
