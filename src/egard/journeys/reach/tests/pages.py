"""What of this journey the catalogue of pages opens."""

from catalogue import Shown

PAGES = (
    Shown("reach:desk"),
    Shown("reach:call_me", who="anne"),
    Shown("reach:figures", who="administrator"),
)

NO_PAGES = {"reach:line": "a part of reach:desk"}
