"""What of this journey the catalogue of pages opens."""

from catalogue import Shown

PAGES = (Shown("friction:figures", who="administrator"),)

NO_PAGES = {
    "friction:reckon": "an act of friction:figures",
    "friction:end": "an act of friction:figures",
}
