"""What of this journey the catalogue of pages opens."""

from catalogue import Shown

PAGES = (
    Shown("complaints:list"),
    Shown("complaints:list", query="?status=closed"),
    Shown("complaints:new"),
    Shown("complaints:figures", who="administrator", data=True),  # rules speak the language of the house
    Shown("complaints:mine", who="anne"),
)
