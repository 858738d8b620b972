"""The texts in the row groups of a Parquet file that a web server has."""

from __future__ import annotations

import io
from typing import Any

from cutaway.errors import Refused, Unavailable, UsageError

from ..sources import Remote
from .answers import no_file
from .ranges import RangeFile, Ranges

MOST = 2**30  # bytes of texts in one row group
ROWS = 256  # rows that are decoded at once
BUFFER = 2**16


class _Bounded(io.BufferedReader):
    """A file of which no more is read at once than a row group may hold."""

    def read(self, size: int | None = -1, /) -> bytes:
        """The bytes that come next."""
        if size is None or not 0 <= size <= MOST:
            raise ValueError("a part of it is larger than it may be")
        return super().read(size)


class RowGroups:
    """A Parquet file at an address, of which one column is read."""

    def __init__(self, remote: Remote, ranges: Ranges) -> None:
        self.remote = remote
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError as error:
            what = f"Reading {remote.address} needs pyarrow, which is not installed."
            raise Unavailable(what, "pip install 'cutaway[parquet]'") from error
        # What pyarrow raises of its own is ValueError, OSError, or beside them.
        self.broken = (pyarrow.ArrowException, ValueError, OSError)
        try:
            file = _Bounded(RangeFile(ranges), BUFFER)
            self.file: Any = pyarrow.parquet.ParquetFile(
                file, pre_buffer=False, page_checksum_verification=True
            )
            self.column = self._found()
        except self.broken as error:
            self._refuse(error)

    @property
    def count(self) -> int:
        """How many row groups there are."""
        return int(self.file.metadata.num_row_groups)

    def packed(self, number: int) -> int:
        """The bytes that a row group's column takes in the file."""
        return int(self.file.metadata.row_group(number).column(self.column).total_compressed_size)

    def texts(self, number: int) -> list[str]:
        """The texts of a row group; a row without a text has none."""
        found: list[str] = []
        size = 0
        try:
            batches = self.file.iter_batches(
                batch_size=ROWS,
                row_groups=[number],
                columns=[self.remote.column],
                use_threads=False,
            )
            for batch in batches:
                size += batch.nbytes
                if size > MOST:
                    raise ValueError("a row group unpacks to more than it may")
                found += [text for text in batch.column(0).to_pylist() if text is not None]
        except self.broken as error:
            self._refuse(error)
        return found

    def _found(self) -> int:
        """The number of the wanted column."""
        schema = self.file.schema_arrow
        if self.remote.column not in schema.names:
            names = ", ".join(schema.names[:20])
            what = f"{self.remote.address} has no column {self.remote.column!r}."
            raise UsageError(what, f"Its columns are {names}.")
        kind = str(schema.field(self.remote.column).type)
        if kind not in ("string", "large_string"):
            what = (
                f"The column {self.remote.column!r} of {self.remote.address} is {kind}, not text."
            )
            raise Refused(what, "Name a column of texts.")
        paths = [self.file.schema.column(index).path for index in range(len(self.file.schema))]
        return paths.index(self.remote.column)

    def _refuse(self, error: Exception) -> None:
        """Say that the file is not sound."""
        said = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        no_file(self.remote.address, f"it is not a sound Parquet file ({said.rstrip('.')})")
