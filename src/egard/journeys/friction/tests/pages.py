"""What of this journey the catalogue of pages opens."""

from pages_shown import Shown

PAGES = (Shown("friction:figures", who="administrator"),)
