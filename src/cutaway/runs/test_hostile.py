"""A foreign or hostile checkpoint is refused, quickly and in little memory, and runs nothing."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from . import durable
from .checkpoints import Checkpoints, resume
from .manifests import MANIFEST, folder_name
from .sealing import sealed

RUNS = b"cposix\nsystem\n(S'touch canary'\ntR."  # a pickle that calls os.system
DEEP = b"[" * 100_000
W = "weights.safetensors"
STATE = sealed({"step": 7, "state": {}}).encode()
SPEC: dict[str, Any] = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


def tensors_file(header: Any, data: bytes = bytes(8), length: int | None = None) -> bytes:
    """A safetensors file with any header."""
    text = (
        header if isinstance(header, bytes) else json.dumps(header, separators=(",", ":")).encode()
    )
    text = text.ljust(-(-len(text) // 8) * 8)
    return (len(text) if length is None else length).to_bytes(8, "little") + text + data


def zipped() -> bytes:
    """What numpy and torch write: a zip archive with a pickle in it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", RUNS)
    return buffer.getvalue()


def nested(depth: int) -> Any:
    """A list in a list in a list."""
    return [nested(depth - 1)] if depth else 1


HEADERS: dict[str, bytes] = {
    "a header of 2^63 bytes": tensors_file({"w": SPEC}, length=2**63),
    "a header longer than the file": tensors_file({"w": SPEC}, length=4096),
    "a header that overlaps the data": tensors_file({"w": SPEC}, length=80),
    "a header of 5 MB": tensors_file(b"{" + b" " * 5_000_000 + b"}", b""),
    "a header of 4 MB of lists": tensors_file(b'{"w":[' + b"[]," * 1_390_000 + b"[]]}", b""),
    "a name twice": tensors_file(
        b'{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},'
        b'"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'
    ),
    "two that overlap": tensors_file(
        {"v": SPEC, "w": {**SPEC, "data_offsets": [4, 12]}}, bytes(12)
    ),
    "two in one place": tensors_file({"v": SPEC, "w": SPEC}),
    "a gap": tensors_file({"v": SPEC, "w": {**SPEC, "data_offsets": [16, 24]}}, bytes(24)),
    "ends before it begins": tensors_file({"w": {**SPEC, "data_offsets": [8, 0]}}),
    "offsets past the end": tensors_file({"w": {**SPEC, "data_offsets": [8, 16]}}),
    "a size that overflows": tensors_file({"w": {**SPEC, "shape": [2**62, 4]}}),
    "sizes that overflow to nothing": tensors_file(
        {"w": {**SPEC, "shape": [2**32, 2**32, 0], "data_offsets": [0, 0]}}, b""
    ),
    "a huge tensor": tensors_file({"w": {**SPEC, "shape": [2**40], "data_offsets": [0, 2**42]}}),
    "a negative size": tensors_file({"w": {**SPEC, "shape": [-2]}}),
    "a size that is true": tensors_file({"w": {**SPEC, "shape": [True, 2]}}),
    "a size that is no whole number": tensors_file({"w": {**SPEC, "shape": [2.0]}}),
    "a hundred dimensions": tensors_file({"w": {**SPEC, "shape": [2] + [1] * 99}}),
    "another type": tensors_file({"w": {**SPEC, "dtype": "OBJ"}}),
    "a type that is a list": tensors_file({"w": {**SPEC, "dtype": ["F32"]}}),
    "a name with dots": tensors_file({"../../w": SPEC}),
    "an absolute name": tensors_file({"/etc/passwd": SPEC}),
    "a name of 201 letters": tensors_file({"w" * 201: SPEC}),
    "a name with a line's end": tensors_file({"w\n": SPEC}),
    "metadata": tensors_file({"__metadata__": {"a": "b"}, "w": SPEC}),
    "one field more": tensors_file({"w": {**SPEC, "more": 1}}),
    "a deep header": tensors_file(b'{"w":' + DEEP, b""),
    "a header that is a list": tensors_file(b"[]", b""),
    "NaN in a header": tensors_file(b'{"w":NaN}', b""),
    "a header that is no text": tensors_file(b"\xff\xfe\x00", b""),
    "a number of 5,000 digits": tensors_file(b'{"w":' + b"9" * 5000 + b"}", b""),
    "bytes after the tensors": tensors_file({"w": SPEC}, bytes(9)),
    "bytes that are missing": tensors_file({"w": SPEC}, bytes(7)),
    "a truth value of 2": tensors_file(
        {"w": {"dtype": "BOOL", "shape": [8], "data_offsets": [0, 8]}}, b"\x02" * 8
    ),
    "an empty file": b"",
    "seven bytes": bytes(7),
    "a pickle": RUNS,
    "a zip archive with a pickle": zipped(),
}
STATES: dict[str, bytes] = {
    "a state of another step": sealed({"step": 8, "state": {}}).encode(),
    "a state that is a list": sealed({"step": 7, "state": []}).encode(),
    "a state that is a pickle": RUNS,
    "a deep state": DEEP,
    "a state 70 deep": sealed({"step": 7, "state": {"a": nested(70)}}).encode(),
    "a state with NaN": STATE.replace(b"{}", b'{"a":NaN}'),
    "a state with a number too large": STATE.replace(b"{}", b'{"a":1e999}'),
    "a state of 5 MB": sealed({"step": 7, "state": {"a": "x" * 5_000_000}}).encode(),
    "a state of 4 MB of lists": sealed({"step": 7, "state": {"a": [[]] * 1_390_000}}).encode(),
    "a state in UTF-16": STATE.decode().encode("utf-16"),
}
ENTRY = {"size": len(STATE), "sha256": hashlib.sha256(STATE).hexdigest()}
GOOD = {"state.json": ENTRY}
MANIFESTS: dict[str, Any] = {
    "no manifest of ours": b"{}",
    "an empty manifest": b"",
    "a deep manifest": DEEP,
    "a manifest that is a pickle": RUNS,
    "NaN in a manifest": b'{"digest":"x","step":NaN}',
    "another format": {"format": 2, "step": 7, "files": GOOD},
    "a format that is true": {"format": True, "step": 7, "files": GOOD},
    "another step": {"format": 1, "step": 8, "files": GOOD},
    "a step that is a fraction": {"format": 1, "step": 7.0, "files": GOOD},
    "no files": {"format": 1, "step": 7, "files": {}},
    "files as a list": {"format": 1, "step": 7, "files": ["state.json"]},
    "a file above the folder": {
        "format": 1,
        "step": 7,
        "files": {**GOOD, "../a.safetensors": ENTRY},
    },
    "an absolute file": {"format": 1, "step": 7, "files": {**GOOD, "/etc/passwd": ENTRY}},
    "a pickle by name": {"format": 1, "step": 7, "files": {**GOOD, "data.pkl": ENTRY}},
    "a line's end in a name": {"format": 1, "step": 7, "files": {**GOOD, "a.safetensors\n": ENTRY}},
    "a negative file": {"format": 1, "step": 7, "files": {"state.json": {**ENTRY, "size": -1}}},
    "a file of 2^70 bytes": {
        "format": 1,
        "step": 7,
        "files": {"state.json": {**ENTRY, "size": 2**70}},
    },
    "a thousand files": {
        "format": 1,
        "step": 7,
        "files": {**GOOD, **{f"a{n}.safetensors": ENTRY for n in range(1000)}},
    },
}


def forged(folder: Path, files: dict[str, bytes], manifest: Any = None) -> Path:
    """A checkpoint of step 7 with these files, and with a manifest that is right about them."""
    place = folder / folder_name(7)
    place.mkdir(parents=True)
    told = {}
    for name, raw in files.items():
        (place / name).write_bytes(raw)
        told[name] = {"size": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
    if manifest is None:
        manifest = {"format": 1, "step": 7, "files": told}
    raw = manifest if isinstance(manifest, bytes) else sealed(manifest).encode()
    (place / MANIFEST).write_bytes(raw)
    return place


def odd_folders(root: Path) -> Iterator[tuple[str, Path]]:
    """Checkpoints in which something is no plain file where it should be one."""
    whole = {"state.json": STATE, W: tensors_file({"w": SPEC})}
    outside = forged(root / "outside", whole)
    for what in ("link", "pipe", "folder", "nothing", "holes"):
        for name in ("state.json", W, MANIFEST):
            place = forged(root / f"{what} {name}", whole)
            (place / name).unlink()
            if what == "link":
                (place / name).symlink_to(outside / name)
            elif what == "pipe":
                os.mkfifo(place / name)
            elif what == "folder":
                (place / name).mkdir()
            elif what == "holes":
                with open(place / name, "wb") as file:
                    file.truncate(2**40)
            yield f"{what} for {name}", place
    (root / "linked").mkdir()
    (root / "linked" / folder_name(7)).symlink_to(outside)
    yield "a folder that is a link", root / "linked" / folder_name(7)
    (root / "plain").mkdir()
    (root / "plain" / folder_name(7)).write_bytes(RUNS)
    yield "a pickle for a folder", root / "plain" / folder_name(7)
    yield "tensors by a foreign name", forged(root / "foreign", {**whole, "data.pkl": whole[W]})
    place = forged(root / "extra", whole)
    (place / "extra.pkl").write_bytes(RUNS)
    yield "a file too many", place
    place = forged(root / "large", {**whole, W: b""})
    size = 3 * 2**30
    with open(place / W, "wb") as file:
        file.truncate(size)
    told = json.loads((place / MANIFEST).read_bytes())["files"]
    told[W]["size"] = size
    (place / MANIFEST).write_text(sealed({"format": 1, "step": 7, "files": told}))
    yield "a file of 3 GB of holes", place
    yield "a folder that is not there", root / "nowhere" / folder_name(7)
    forged(root / "named", whole).rename(root / "named" / "step-7")
    yield "a folder by another name", root / "named" / "step-7"


def corpus(root: Path) -> dict[str, str]:
    """Every hostile checkpoint by what is wrong with it."""
    made: dict[str, Path] = {}
    for name, raw in HEADERS.items():
        made[name] = forged(root / name.replace("/", "-"), {"state.json": STATE, W: raw})
    for name, raw in STATES.items():
        made[name] = forged(root / name, {"state.json": raw})
    for name, manifest in MANIFESTS.items():
        made[name] = forged(root / name, {"state.json": STATE}, manifest)
    made.update(odd_folders(root / "odd"))
    return {name: str(path) for name, path in made.items()}


LOADS = """\
import json, resource, sys, time
from pathlib import Path
from cutaway.errors import CutawayError
from cutaway.runs.checkpoints import load
load(Path(sys.argv[1]))
seen, told = [], {}
FORBIDDEN = ("os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "exec",
             "compile", "import", "subprocess.Popen", "socket.connect", "socket.bind",
             "pickle.find_class", "marshal.loads", "ctypes.dlopen", "os.startfile")
def watch(event, words):
    if event in FORBIDDEN:
        seen.append(event)
        raise RuntimeError(event)
sys.addaudithook(watch)
with open("/proc/self/statm") as file:
    used = int(file.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 2**28, used + 2**28))
for name, path in json.loads(sys.stdin.read()).items():
    start = time.process_time()
    try:
        load(Path(path))
        said = "loaded"
    except CutawayError as error:
        said = f"{type(error).__name__}: {error} {error.next_step}"
    except BaseException as error:
        said = f"escaped: {error!r:.300}"
    told[name] = [said, time.process_time() - start]
print(json.dumps([told, seen]))
"""


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], list[str], Path]:
    """What loading each of them came to, in a process that may use 256 MB more than it does."""
    root = tmp_path_factory.mktemp("hostile")
    with Checkpoints(root / "good") as several:
        good = several.save(3, {"weights": {"w": torch.ones(2)}}, {})
    names = corpus(root / "bad")
    source = str(Path(durable.__file__).parents[2])
    env = {**os.environ, "PYTHONPATH": source, "OMP_NUM_THREADS": "1"}
    ended = subprocess.run(
        [sys.executable, "-c", LOADS, str(good)],
        env=env,
        cwd=root,
        input=json.dumps(names),
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert ended.returncode == 0, ended.stderr
    told, seen = json.loads(ended.stdout)
    assert told.keys() == names.keys()
    return told, seen, root


def test_each_of_them_is_refused_with_a_clear_error(
    outcome: tuple[dict[str, Any], list[str], Path],
) -> None:
    told, _, _ = outcome
    assert len(told) > 80
    large = told.pop("a file of 3 GB of holes")[0]
    assert large.startswith("Unavailable") and "bytes of memory" in large
    assert told.pop("a state of 4 MB of lists")[0] == "loaded", "the heaviest that is allowed"
    wrong = {name: said for name, (said, _) in told.items() if not said.startswith("Refused: ")}
    assert wrong == {}
    assert all(len(said) < 900 for said, _ in told.values())


def test_none_takes_two_seconds_or_runs_or_reaches_anything(
    outcome: tuple[dict[str, Any], list[str], Path],
) -> None:
    told, seen, root = outcome
    assert max(seconds for _, seconds in told.values()) < 2
    assert seen == []
    assert not list(root.rglob("canary"))


def test_a_run_with_hostile_checkpoints_in_its_folder_resumes_its_own(tmp_path: Path) -> None:
    with Checkpoints(tmp_path / "run") as several:
        several.save(3, {"weights": {"w": torch.ones(2)}}, {"a": 1})
    for step, name in enumerate(["a pickle", "a huge tensor", "a truth value of 2"], 10):
        place = forged(tmp_path / name, {"state.json": STATE, W: HEADERS[name]})
        place.rename(tmp_path / "run" / folder_name(step))
    (tmp_path / "run" / folder_name(13)).symlink_to(tmp_path)
    last, skipped = resume(tmp_path / "run")
    assert last is not None and last.step == 3
    assert [f"step-{13 - n:08d}" in one for n, one in enumerate(skipped)] == [True] * 4
