"""Streams that give no more than they should, whatever the data in them claim."""

from __future__ import annotations

import gzip
import io
import lzma
from typing import BinaryIO, Protocol

PIECE = 2**16  # bytes that are read at once
MOST_MEMORY = 2**27  # bytes that unpacking .xz may use


class TooMuch(Exception):
    """More than may be read, in words that complete "unpacks to"."""


class Source(Protocol):
    """What bytes are read from, piece by piece."""

    def read(self, size: int, /) -> bytes:
        """Some of the bytes that come next, at most `size`; none at the end."""


class Cautious(io.BufferedReader):
    """A file that is never read in one piece larger than `most`."""

    def __init__(self, file: BinaryIO, most: int) -> None:
        super().__init__(file)  # type: ignore[arg-type]  # any file that reads bytes will do
        self.most = most

    def read(self, size: int | None = -1, /) -> bytes:
        """The bytes that come next; without a size all of them, if those are few enough."""
        to_the_end = size is None or size < 0
        data = super().read(self.most + 1 if to_the_end else min(size or 0, self.most + 1))
        if len(data) > self.most:
            raise TooMuch(f"a list of members longer than {self.most:,} bytes")
        return data


class Forward(io.BufferedIOBase):
    """A stream that is read forwards only, in small pieces, and only up to `most` bytes."""

    def __init__(self, source: Source, most: int) -> None:
        self.source, self.most = source, most
        self.done = 0
        self.last = b""  # what was read last

    def read(self, size: int | None = -1, /) -> bytes:
        """The bytes that come next: as many as asked for, unless the stream ends."""
        if size is None or not 0 <= size <= PIECE:
            raise TooMuch("a header larger than headers are")
        data = b""
        while len(data) < size and (more := self.source.read(size - len(data))):
            data += more
        self.done += len(data)
        if self.done > self.most:
            raise TooMuch(f"more than {self.most:,} bytes")
        self.last = data
        return data

    def readable(self) -> bool:
        """That it can be read."""
        return True

    def seekable(self) -> bool:
        """That one can go forward in it."""
        return True

    def tell(self) -> int:
        """How many bytes were read."""
        return self.done

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go forward to an offset, by reading."""
        if whence != io.SEEK_SET or offset < self.done:
            raise ValueError("its members overlap")
        while self.done < offset and self.read(min(PIECE, offset - self.done)):
            pass
        return self.done


class _Xz:
    """An .xz stream, unpacked within bounded memory."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.decoder = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MOST_MEMORY)

    def read(self, size: int, /) -> bytes:
        """Some of the bytes that come next; none at the end."""
        data = b""
        while size and not data and not self.decoder.eof:
            more = self.file.read(PIECE) if self.decoder.needs_input else b""
            if self.decoder.needs_input and not more:
                raise EOFError("it ends too early")
            data = self.decoder.decompress(more, size)
        return data


def unpacked(file: BinaryIO, most: int) -> Forward:
    """The bytes of a file that is packed by gzip or xz or not at all, at most `most` of them."""
    start = file.read(6)
    file.seek(0)
    if start.startswith(b"\x1f\x8b"):
        return Forward(gzip.GzipFile(fileobj=file), most)
    return Forward(_Xz(file) if start.startswith(b"\xfd7zXZ\0") else file, most)
