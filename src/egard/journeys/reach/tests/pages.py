"""What of this journey the catalogue of pages opens."""

from pages_shown import Shown


def _agent(world):
    return {"user": world.users["agent"].pk}


PAGES = (
    Shown("reach:desk"),
    Shown("reach:one_desk", _agent),
    Shown("reach:desks", who="administrator"),
    Shown("reach:handovers"),
    Shown("reach:handover_new", who="administrator"),
    Shown("reach:call_me", who="anne"),
    Shown("reach:public_call", who="nobody"),
    Shown("reach:figures", who="administrator"),
)

NO_PAGES = {
    "reach:line": "a part of reach:desk",
    "reach:waits": "a part of the menu",
    "reach:call_back": "needs a call back; test_links.py opens it",
    "reach:link_call": "needs a signed link; test_links.py opens it",
    "reach:called": "needs a call that was asked for; test_links.py opens it",
    "reach:handover": "needs something handed over; test_reach_pages.py opens it",
}
