"""Reading tables from files people have: CSV, JSON lines, Parquet, plain, gzip or zstd. Pure: no models, no settings.

A file is read once, in pieces of about one megabyte, whatever its size. What cannot be read of it is said line by line
(`BadLine`); what makes the whole file unreadable is a refusal with words on what to do.
"""

from egard.base.tables.files import FileOptions, Table, open_table
from egard.base.tables.pieces import BadLine, Piece
from egard.base.tables.refusals import BadFile

__all__ = ["BadFile", "BadLine", "FileOptions", "Piece", "Table", "open_table"]
