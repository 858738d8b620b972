"""Archives by strangers: what is wanted comes out whole, and everything else is refused."""

from __future__ import annotations

import gzip
import io
import lzma
import os
import struct
import tarfile
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from cutaway.errors import Refused, Unavailable

from . import archives
from .archives import members

BAD_NAMES = ["/etc/x", "../x", "a/../../x", "C:/x", "c:x", "a\\..\\x", "\\x", "a/..", ".."]


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    """A zip of some files."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def tarred(path: Path, *infos: tarfile.TarInfo, data: bytes = b"text", mode: str = "w:gz") -> Path:
    """A tar of some members, each regular one with the same data."""
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for info in infos:
            if info.isreg():
                info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, to: str = "") -> tarfile.TarInfo:
    """A member of a tar."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, to
    return info


def refused(archive: Path, *words: str, wanted: str = r".*\.txt", limit: int = 2**20) -> None:
    """Assert that an archive is refused, in a sentence that names it and says some words."""
    with pytest.raises(Refused) as caught:
        members(archive, wanted, limit)
    for word in (str(archive), *words):
        assert word in caught.value.what
    assert "\n" not in caught.value.what
    assert caught.value.next_step


def test_the_wanted_members_come_sorted_and_whole(tmp_path: Path) -> None:
    long = bytes(range(256)) * 1000
    files = {"b/two.txt": b"2", "a/one.txt": long, "a/one.html": b"no", "c.txt.bak": b"no"}
    found = members(zipped(tmp_path / "a.whl", files), r"[a-z/]+\.txt")
    assert list(found.items()) == [("a/one.txt", long), ("b/two.txt", b"2")]


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz"])
def test_tars_of_every_packing_are_read(tmp_path: Path, mode: str) -> None:
    infos = [member("p/b.txt"), member("p/a.txt"), member("p/c.js"), member("p", tarfile.DIRTYPE)]
    data = os.urandom(200_000)
    path = tarred(tmp_path / "a.tgz", *infos, data=data, mode=mode)
    assert members(path, r"p.*(\.txt|/p)?") == dict.fromkeys(["p/a.txt", "p/b.txt", "p/c.js"], data)
    assert members(path, "nothing") == {}


def test_an_unwanted_link_within_the_archive_harms_nobody(tmp_path: Path) -> None:
    infos = [
        member("p/a.txt"),
        member("p/q/link", tarfile.SYMTYPE, "../a.txt"),
        member("p/hard", tarfile.LNKTYPE, "p/a.txt"),
    ]
    assert list(members(tarred(tmp_path / "a.tgz", *infos), r".*\.txt")) == ["p/a.txt"]


@pytest.mark.parametrize("name", BAD_NAMES)
@pytest.mark.parametrize("suffix", ["", "/y.txt"])
def test_one_name_that_would_escape_condemns_the_archive(
    tmp_path: Path, name: str, suffix: str
) -> None:
    bad = name + suffix
    refused(zipped(tmp_path / "a.zip", {"a.txt": b"a", bad: b"b"}), repr(bad), "escape")
    refused(tarred(tmp_path / "a.tgz", member("a.txt"), member(bad)), repr(bad), "escape")


def test_a_nul_in_a_name_is_seen_though_python_hides_it(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"goodX.txt": b"a"})
    path.write_bytes(path.read_bytes().replace(b"goodX.txt", b"good\0.txt"))
    refused(path, "escape")
    info = member("x.txt")
    info.pax_headers = {"path": "x\0/../y.txt"}
    with tarfile.open(tmp_path / "a.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(info)
    refused(tmp_path / "a.tar", "escape")


@pytest.mark.parametrize("name", ["a.txt", "unwanted"])
@pytest.mark.parametrize(
    ("kind", "to"),
    [
        (tarfile.SYMTYPE, "/etc/passwd"),
        (tarfile.SYMTYPE, "../secret"),
        (tarfile.SYMTYPE, "x/../../secret"),
        (tarfile.SYMTYPE, "C:/x"),
        (tarfile.SYMTYPE, ""),
        (tarfile.LNKTYPE, "/etc/passwd"),
        (tarfile.LNKTYPE, "x/../../secret"),
        (tarfile.CHRTYPE, ""),
        (tarfile.BLKTYPE, ""),
        (tarfile.FIFOTYPE, ""),
    ],
)
def test_links_out_of_a_tar_and_devices_are_refused(
    tmp_path: Path, name: str, kind: bytes, to: str
) -> None:
    refused(tarred(tmp_path / "a.tgz", member("b.txt"), member(name, kind, to)), repr(name))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_a_wanted_link_is_refused_wherever_it_points(tmp_path: Path, kind: bytes) -> None:
    refused(tarred(tmp_path / "a.tgz", member("b.txt"), member("a.txt", kind, "b.txt")), "link")


@pytest.mark.parametrize("mode", [0o120777, 0o020666, 0o060666, 0o010666, 0o140777])
def test_links_and_devices_in_a_zip_are_refused(tmp_path: Path, mode: int) -> None:
    info = zipfile.ZipInfo("unwanted")
    info.external_attr = mode << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, "../x")
    refused(tmp_path / "a.zip", "'unwanted'", "link or a device")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("again", ["a/b.txt", "a//b.txt", "./a/b.txt", "a/./b.txt"])
def test_a_wanted_member_that_occurs_twice_is_refused(tmp_path: Path, again: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a/b.txt", b"one")
        archive.writestr(again, b"two")
    refused(tmp_path / "a.zip", repr(again), "twice")
    refused(tarred(tmp_path / "a.tgz", member("a/b.txt"), member(again)), repr(again), "twice")


def test_an_encrypted_member_is_refused_even_if_nobody_wants_it(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"a.txt": b"a"})
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(data)
    refused(path, "'a.txt'", "encrypted", wanted="nothing")


def lying(path: Path, size: int, crc: int | None = None) -> Path:
    """A zip of 5,000 letters whose headers claim another size, and another checksum."""
    zipped(path, {"a.txt": b"a" * 5000})
    data = bytearray(path.read_bytes())
    for mark, at in ((b"PK\3\4", 14), (b"PK\1\2", 16)):
        start = data.index(mark) + at
        if crc is not None:
            data[start : start + 4] = struct.pack("<I", crc)
        data[start + 8 : start + 12] = struct.pack("<I", size)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("size", [0, 1, 4999, 5001])
def test_a_size_that_lies_is_refused_with_its_checksum_right_or_not(
    tmp_path: Path, size: int
) -> None:
    refused(lying(tmp_path / "a.zip", size), "lies about the size", "'a.txt'")
    refused(lying(tmp_path / "b.zip", size, zlib.crc32(b"a" * size)), "b.zip")


def test_a_bomb_stops_at_the_limit_whatever_its_headers_say(tmp_path: Path) -> None:
    zipped(tmp_path / "a.zip", {"a.txt": bytes(10**8)})
    small = bytearray((tmp_path / "a.zip").read_bytes())
    for mark, at in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        place = small.index(mark) + at
        small[place : place + 4] = struct.pack("<I", 10)
    (tmp_path / "b.zip").write_bytes(small)
    tarred(tmp_path / "a.tgz", member("a.txt"), data=bytes(10**7))
    start = time.monotonic()
    tracemalloc.start()
    for name in ("a.zip", "b.zip", "a.tgz"):
        refused(tmp_path / name, "unpacks to more", limit=2**20)
    assert tracemalloc.get_traced_memory()[1] < 2**25
    tracemalloc.stop()
    assert time.monotonic() - start < 5


def test_the_limit_holds_for_all_that_is_wanted_together(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {f"{name}.txt": bytes(1000) for name in "abc"})
    assert len(members(path, r".*", limit=3000)) == 3
    refused(path, "unpacks to more", limit=2999)
    tar = tarred(tmp_path / "a.tgz", *(member(f"{n}.txt") for n in "abc"), data=bytes(1000))
    assert len(members(tar, r".*", limit=3000)) == 3
    refused(tar, "unpacks to more", limit=2999)


def test_a_bomb_that_is_only_passed_over_is_refused_too(tmp_path: Path) -> None:
    path = tarred(tmp_path / "a.tgz", member("unwanted"), data=bytes(10**7))
    refused(path, "unpacks to more than", limit=2**16)


def test_a_header_as_large_as_a_file_is_refused_unread(tmp_path: Path) -> None:
    info = member("x.txt")
    info.pax_headers = {"comment": "x" * 10**6}
    with tarfile.open(tmp_path / "a.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(info)
    refused(tmp_path / "a.tar", "header larger")


def test_a_list_of_members_as_large_as_a_file_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = zipped(tmp_path / "a.zip", {f"{number:090}.txt": b"" for number in range(2000)})
    assert len(members(path, r".*")) == 2000
    monkeypatch.setattr(archives, "MOST_LISTING", 2**17)
    refused(path, "list of members longer")


def test_an_xz_that_asks_for_much_memory_is_refused(tmp_path: Path) -> None:
    data = lzma.compress(tarred(tmp_path / "a.tar", member("a.txt"), mode="w").read_bytes())
    (tmp_path / "a.xz").write_bytes(data)
    assert list(members(tmp_path / "a.xz", ".*")) == ["a.txt"]
    header = bytearray(data)
    at = data.index(bytes([lzma.FILTER_LZMA2, 1])) + 2
    header[at] = 34  # a dictionary of 512 MB
    header[20:24] = struct.pack("<I", zlib.crc32(header[12:20]))
    (tmp_path / "b.xz").write_bytes(header)
    refused(tmp_path / "b.xz", "emory")


def whole(tmp_path: Path, kind: str) -> Path:
    """A sound archive of some kind with two members of noise."""
    if kind == "zip":
        return zipped(tmp_path / "a", {"a.txt": os.urandom(3000), "b.txt": os.urandom(3000)})
    infos = [member("a.txt"), member("b.txt")]
    return tarred(tmp_path / "a", *infos, data=os.urandom(3000), mode=kind)


@pytest.mark.parametrize("kind", ["zip", "w", "w:gz", "w:xz"])
def test_an_archive_that_is_cut_anywhere_is_refused(tmp_path: Path, kind: str) -> None:
    path = whole(tmp_path, kind)
    data = path.read_bytes()
    end = 6 * 512 + 2 * 3072 if kind == "w" else len(data)  # tars end in much padding
    cuts = {1, 10, 511, 512, 3584, 7168, *range(100, len(data), 499), len(data) - 1, len(data) - 9}
    for cut in sorted(cut for cut in cuts if cut < min(end, len(data)) - 4 * 512 * (kind == "w")):
        path.write_bytes(data[:cut])
        refused(path)
    path.write_bytes(data)
    assert len(members(path, ".*")) == 2


@pytest.mark.parametrize("kind", ["zip", "w:gz", "w:xz"])
def test_no_flipped_bit_goes_unnoticed_in_what_is_read(tmp_path: Path, kind: str) -> None:
    path = whole(tmp_path, kind)
    data = path.read_bytes()
    right = members(path, ".*")
    for at in range(0, len(data), 97):
        path.write_bytes(data[:at] + bytes([data[at] ^ 16]) + data[at + 1 :])
        try:
            found = members(path, ".*")
        except Refused:
            continue
        assert list(found.values()) == list(right.values())


@pytest.mark.parametrize("data", [b"", b"P", b"PK", b"PK\3\4", b"hello" * 999, bytes(2000)])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress])
def test_what_is_no_archive_is_refused(
    tmp_path: Path, data: bytes, pack: Callable[[bytes], bytes]
) -> None:
    (tmp_path / "a.whl").write_bytes(pack(data))
    refused(tmp_path / "a.whl")


def test_a_folder_a_pipe_and_nothing_at_all_are_no_archives(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "missing"):
        refused(path, "no file")


def test_an_archive_that_cannot_be_read_is_not_called_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = zipped(tmp_path / "a.zip", {"a.txt": b"a"})
    monkeypatch.setattr(Path, "open", failing)
    with pytest.raises(Unavailable, match=r"Cannot read .*: Permission denied"):
        members(path, ".*")
