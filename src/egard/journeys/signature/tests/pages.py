"""What of this journey the catalogue of pages opens."""

from urllib.parse import quote

from pages_shown import Shown

COLD = quote("Chers clients, nous sommes fiers de nos résultats. N’hésitez pas à nous contacter.")

PAGES = (
    Shown("signature:write"),
    Shown("signature:write", query=f"?moment=apology&text={COLD}", data=True),
    Shown("signature:style", opened=(".sig-rules summary",), data=True),
    Shown("signature:style", query="?in=en", data=True),
    Shown("signature:sent", who="supervisor"),
    Shown("signature:publish", who="administrator", data=True),
)

NO_PAGES = {"signature:one": "needs a message that left; tests/test_homogeneity.py opens it"}
