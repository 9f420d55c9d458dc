"""What of this journey the catalogue of pages opens."""

from catalogue import Shown

PAGES = (
    Shown("visits:shop"),
    Shown("visits:mine"),
)

NO_PAGES = {
    "visits:waits": "a part of the menu",
    "visits:worker": "a script",
    "visits:shop_day": "needs a shop whose day goes on; test_shop_offline.py opens it",
    "visits:visit": "needs a visit; test_shop_pages.py opens it",
}
