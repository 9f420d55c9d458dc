"""Why a file cannot be read, and what to do about it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.base.refusal import Refusal


class BadFile(Refusal):
    """The file as a whole cannot be read."""

    code = "tables.bad_file"
    title = _("The file cannot be read")


class NoFile(BadFile):
    """There is no such file, or it may not be opened."""

    code = "tables.no_file"
    message = _("“{path}” cannot be opened: {why}.")


class EmptyFile(BadFile):
    """There is nothing in it."""

    code = "tables.empty"
    message = _("“{path}” is empty.")


class NotATable(BadFile):
    """An archive, a spreadsheet, a picture: something that is no table of text."""

    code = "tables.not_a_table"
    message = _("“{path}” is {what}. {advice}")


class Damaged(BadFile):
    """The compressed or binary file ends early or does not fit its own checks."""

    code = "tables.damaged"
    message = _("“{path}” is damaged ({why}). Fetch it again.")


class Bomb(BadFile):
    """A small file that unpacks to far more than any table would."""

    code = "tables.bomb"
    message = _(
        "“{path}” unpacks to more than {ratio} times its size; no table does. If it is honest, unpack it yourself"
        " and import the result."
    )


class UnknownEncoding(BadFile):
    """The named encoding does not exist, or none could be recognised."""

    code = "tables.unknown_encoding"
    message = _("The encoding “{encoding}” is not known. State one in the map: `file: {{encoding: cp1252}}`.")


class BadHeader(BadFile):
    """The first line does not name the columns, or names one twice."""

    code = "tables.bad_header"
    message = _("The first line of “{path}” must name the columns: {why}")


class MissingColumns(BadFile):
    """Columns that the map speaks of are not in the file."""

    code = "tables.missing_columns"
    message = _("“{path}” has no column {missing}. Its columns are: {found}.")


class AmbiguousDates(BadFile):
    """Day and month cannot be told apart from what the column holds."""

    code = "tables.ambiguous_dates"
    message = _(
        "In the column “{column}” dates such as “{example}” may be day/month or month/day. State it in the map:"
        " `{{column: {column}, format: d/m/Y}}` or `m/d/Y`."
    )


class UnknownDates(BadFile):
    """The dates of a column are written in a form that is not recognised."""

    code = "tables.unknown_dates"
    message = _(
        "In the column “{column}” dates such as “{example}” are not understood. State their format in the map:"
        ' `{{column: {column}, format: "%d-%b-%Y %H:%M"}}`.'
    )


class AmbiguousNumbers(BadFile):
    """A comma may set decimals or thousands apart; the column does not tell which."""

    code = "tables.ambiguous_numbers"
    message = _(
        "In the column “{column}” the comma of “{example}” may mark decimals or thousands. State it in the map:"
        ' `{{column: {column}, decimal: ","}}` or `"."`.'
    )
