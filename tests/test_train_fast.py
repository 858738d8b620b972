"""`train`, made fast: attention in few operations, a compiled loss, products that stay exact."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from trained import left

from cutaway.architecture.attention import causal
from cutaway.architecture.block import MLP, Gated
from cutaway.architecture.heads import Heads, grouped
from cutaway.architecture.norms import gelu, gelu_tanh, silu
from cutaway.atoms.positions import Still
from cutaway.errors import Unavailable
from cutaway.kit.worlds import broken
from cutaway.runs.placing import begin, reopen
from cutaway.runs.schema import content
from cutaway.runs.telemetry import lines
from cutaway.verbs.training import attending, bending, compiling
from cutaway.verbs.training.assembling import Training
from cutaway.verbs.training.settings import Settings

LONG = replace(Settings(), steps=10**6)
fused: Any = attending.fused()


def asked(tokens: int, heads: int, groups: int, dtype: torch.dtype, wide: int = 5) -> list[Tensor]:
    """Queries, keys and values of two rows as a layer has them: cut out of a stream."""
    chance = torch.Generator().manual_seed(tokens)
    sizes = (heads, 8), (groups, 8), (groups, wide)
    drawn = [torch.randn(2, tokens, n, d, generator=chance, dtype=torch.float64) for n, d in sizes]
    return [one.to(dtype).transpose(1, 2).requires_grad_() for one in drawn]


def slopes(attend: Any, given: list[Tensor]) -> list[Tensor]:
    """What is found, and the slopes of what was given."""
    found = attend(*given, causal)
    pull = torch.randn(found.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return [found, *torch.autograd.grad(found, given, pull.to(found.dtype))]


@pytest.fixture(params=[(128, 8), (4, 100), (3, 2), (1, 1)], ids=str)
def _tiles(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiles of several sizes, so that short texts have one, some and many."""
    monkeypatch.setattr(attending, "TILE", request.param[0])
    monkeypatch.setattr(attending, "MOST", request.param[1])


CLOSE = {torch.float64: 1e-12, torch.float32: 3e-6, torch.bfloat16: 0.06}


@pytest.mark.usefixtures("_tiles")
@pytest.mark.parametrize("dtype", CLOSE, ids=str)
@pytest.mark.parametrize("groups", [1, 2, 6])
@pytest.mark.parametrize("tokens", [1, 7, 12])
def test_fused_attention_finds_and_learns_what_the_readable_one_does(
    tokens: int, groups: int, dtype: torch.dtype
) -> None:
    given = asked(tokens, 6, groups, dtype)
    exact = [one.detach().double().requires_grad_() for one in given]
    for one, other in zip(slopes(fused, given), slopes(grouped, exact), strict=True):
        assert one.dtype == dtype
        torch.testing.assert_close(one.double(), other, atol=CLOSE[dtype], rtol=CLOSE[dtype])


@pytest.mark.usefixtures("_tiles")
def test_fused_attention_does_not_see_the_future() -> None:
    given = [one.detach() for one in asked(12, 6, 2, torch.float32)]
    before = fused(*given, causal)
    for one in given:
        one[:, :, 7:] *= -9
    assert torch.equal(fused(*given, causal)[:, :, :7], before[:, :, :7])


@pytest.mark.usefixtures("_tiles")
def test_the_first_token_finds_itself() -> None:
    q, k, v = asked(12, 2, 2, torch.float32)
    assert torch.equal(fused(q, k, v, causal)[:, :, 0], v[:, :, 0])


def test_what_fused_attention_is_not_made_for_is_left_to_the_readable_one() -> None:
    q, k, v = asked(12, 6, 2, torch.float32)
    world: Any = SimpleNamespace(
        heads=SimpleNamespace(grouped=lambda *given: given),
        attention=SimpleNamespace(causal=causal),
    )
    attend: Any = attending.fused(world)

    def everything(t: Tensor, s: Tensor) -> Tensor:
        return s >= 0 * t

    assert attend(q, k, v, everything) == (q, k, v, everything)
    last = q[:, :, -3:]
    assert attend(last, k, v, causal) == (last, k, v, causal)
    assert isinstance(attend(q, k, v, causal), Tensor)


def test_tiles_are_few_and_nothing_is_compared_with_what_is_beyond_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[tuple[int, int]] = []

    def tile(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        seen.append((q.shape[2], k.shape[2]))
        return q

    monkeypatch.setattr(attending, "_tile", tile)
    for tokens, expected in (
        (64, [(64, 64)]),
        (300, [(128, 128), (128, 256), (44, 300)]),
        (2050, [(257, 257 * one) for one in range(1, 8)] + [(251, 2050)]),
    ):
        seen.clear()
        fused(*asked(tokens, 1, 1, torch.float32), causal)
        assert seen == expected


def test_a_short_run_is_not_compiled_and_a_long_one_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "missing", lambda: None)
    short = replace(Settings(), steps=20)
    assert compiling.decided(short) == replace(short, compile="no")
    assert compiling.decided(LONG) == replace(LONG, compile="yes")
    words: Any = ("yes", "no")
    for word in words:
        for one in (short, LONG):
            assert compiling.decided(replace(one, compile=word)).compile == word


@pytest.fixture
def _no_compiler(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CXX", "no-such-compiler")
    compiling.missing.cache_clear()
    yield
    compiling.missing.cache_clear()


@pytest.mark.usefixtures("_no_compiler")
def test_without_a_compiler_a_run_is_not_compiled_and_says_so_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert compiling.decided(LONG).compile == "no"
    said = capsys.readouterr().err
    assert said.count("There is no C++ compiler 'no-such-compiler'") == 1 == said.count("\n")
    assert compiling.decided(replace(LONG, compile="no")).compile == "no"
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("_no_compiler")
def test_a_run_that_must_be_compiled_and_cannot_is_refused(
    train: Any, call: Any, text: Path, tmp_path: Path
) -> None:
    with pytest.raises(Unavailable):
        compiling.decided(replace(LONG, compile="yes"))
    train("--compile yes", code=3)
    assert not (tmp_path / "one").exists()
    run = train("--budget 0s", name="two")
    config = json.loads((run / "config.json").read_text())
    assert config["settings"]["compile"] == "no"


def test_where_compiling_has_no_room_a_long_run_does_without(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(compiling, "missing", lambda: None)
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    for free, word in ((1_599_999_999, "no"), (1_600_000_000, "yes"), (None, "yes")):
        monkeypatch.setattr(compiling, "free_memory", lambda free=free: free)
        assert compiling.decided(LONG).compile == word
        said = "Compiling takes about 800 MB, and 1.6 GB are free" in capsys.readouterr().err
        assert said == (word == "no")
        assert compiling.decided(replace(LONG, compile="yes")).compile == "yes"


def test_a_compiler_that_fails_is_no_compiler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "failing"
    script.write_text("#!/bin/sh\nexit 1\n")
    for mode, said in ((0o755, "does not work"), (0o644, "does not run")):
        script.chmod(mode)
        monkeypatch.setenv("CXX", str(script))
        compiling.missing.cache_clear()
        assert said in str(compiling.missing())
    compiling.missing.cache_clear()


def products_of() -> str:
    """Whether single-precision products may take the other library."""
    return str(compiling._library().fp32_precision)


def test_fast_products_keep_single_precision_and_only_for_a_step() -> None:
    before = products_of()

    def states() -> Iterator[Any]:
        yield products_of()
        raise ValueError

    steps: Iterator[Any] = compiling.stepped(states())
    seen = next(steps)
    assert products_of() == before
    assert (seen == "bf16") == compiling._exact()
    with pytest.raises(ValueError):
        next(steps)
    assert products_of() == before
    few: Any = compiling.stepped(iter(()))
    assert [*few] == []
    one = torch.randn(300, 200, dtype=torch.float64)
    with compiling.products():
        found = (one.float() @ one.float().T).double()
    torch.testing.assert_close(found, one @ one.T, atol=1e-4, rtol=1e-5)


def test_a_library_that_rounds_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "equal", lambda one, other: False)
    compiling._exact.cache_clear()
    before = products_of()
    with compiling.products():
        assert products_of() == before
    compiling._exact.cache_clear()


def test_numbers_that_tell_single_precision_are_lost_in_bfloat16() -> None:
    one = torch.tensor(compiling.BESIDE)
    assert float(one) != 1 == float(one.bfloat16())


def test_a_model_that_is_looked_at_runs_as_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "compile", lambda loss, dynamic: lambda *given: "compiled")
    loss: Any = compiling.compiled(lambda model, part: "written")  # type: ignore
    model = nn.Sequential(nn.Linear(2, 2))
    assert loss(model, None) == "compiled"
    for put in (model[0].register_forward_hook, model[0].register_forward_pre_hook):
        hook = put(lambda *given: None)
        assert loss(model, None) == "written"
        hook.remove()
    assert loss(model, None) == "compiled"


def test_every_layer_of_heads_attends_the_other_way() -> None:
    model = nn.ModuleList(Heads(8, 2, 2, 4, False, Still()) for _ in range(2))
    compiling.attend_by(model, fused)
    assert all(one.attend is fused for one in model) and not hasattr(model, "attend")


@pytest.mark.parametrize("dtype", CLOSE, ids=str)
def test_the_bend_without_a_tanh_finds_and_learns_what_the_one_with_it_does(
    dtype: torch.dtype,
) -> None:
    drawn = torch.randn(500, generator=torch.Generator().manual_seed(0))
    every = [drawn, 5 * drawn, torch.linspace(-12, 12, 97), torch.tensor([0.0, -0.0, -1e4, 1e4])]
    given = torch.cat(every).to(dtype).requires_grad_()
    exact = given.detach().double().requires_grad_()
    found, wanted = bending.by_logistic(given), gelu_tanh(exact)
    pairs = (found, wanted), (_slope(found, given), _slope(wanted, exact))
    for one, other in pairs:
        assert one.dtype == dtype
        torch.testing.assert_close(one.double(), other, atol=CLOSE[dtype], rtol=CLOSE[dtype])


def _slope(found: Tensor, given: Tensor) -> Tensor:
    return torch.autograd.grad(found.sum(), given)[0]


def test_only_the_bend_by_a_tanh_is_bent_without_one() -> None:
    bends = (gelu_tanh, gelu, silu)
    model = nn.ModuleList(MLP(8, 8, True, bend) for bend in bends)
    model.append(Gated(8, 8, False, gelu_tanh))
    bending.bent(model)
    found = [one.bend for one in model]
    assert found == [bending.by_logistic, gelu, silu, bending.by_logistic]


def test_a_fault_is_run_as_it_stands(train: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from cutaway.data.opening import corpus
    from cutaway.data.prepared import prepare
    from cutaway.verbs.training.vocabulary import chosen

    monkeypatch.setattr(torch, "compile", lambda loss, dynamic: loss)
    path = train("--budget 0s").parent / "notes.txt"
    text = prepare(str(path), chosen("characters", corpus(str(path))), lambda *_: None)
    one = replace(Settings(), width=16, context=16, text=str(path), compile="yes")
    assert Training(one, text).fast and not Training(replace(one, compile="no"), text).fast
    assert not Training(replace(one, compile="auto"), text).fast
    with broken("attention.no_scale") as world:
        broke = Training(one, text, world)
        assert not broke.fast
        assert broke.model.blocks[0].heads.attend is world.heads.grouped


def test_a_run_of_before_there_was_a_choice_goes_on_as_it_was(train: Any, call: Any) -> None:
    whole = left(train(name="whole"))
    run = train("--budget 0s", name="old")
    _, config = reopen(run)
    del config["settings"]["compile"]
    kept = run.rename(run.with_name("kept"))
    begin(run, config)
    shutil.copytree(kept, run, dirs_exist_ok=True, ignore=shutil.ignore_patterns("config.json"))
    ended = call("train", "--resume", run)
    assert ended.code == 0, ended.err
    assert left(run) == whole


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    ("how", "close"),
    [
        ("--style qwen3 --groups 1 --parts 2", (2e-5, 2e-4)),
        ("--style gpt2", (2e-5, 2e-4)),
        ("--optimizer muon --rate 0.02 --precision bf16", (2e-3, 1e-2)),
    ],
)
def test_a_compiled_run_goes_on_to_the_same_bits_and_is_the_run_as_written(
    train: Any, call: Any, how: str, close: tuple[float, float]
) -> None:
    eager = left(train(f"--compile no {how}", name="eager"))
    whole = left(train(f"--compile yes {how}", name="whole"))
    run = train(f"--compile yes --budget 0s {how}", name="cut")
    for _ in range(3):
        assert call("train", "--resume", run, "--budget", "0s").code == 0
        torch._dynamo.reset()
    assert call("train", "--resume", run).code == 0
    assert left(run) == whole
    assert whole[3].keys() == eager[3].keys()
    for one, other in zip(whole[0], eager[0], strict=True):
        if one["kind"] in ("step", "judged"):
            assert one["loss"] == pytest.approx(other["loss"], abs=close[0])
        if one["kind"] == "step":
            assert one["norm"] == pytest.approx(other["norm"], rel=close[1])
    layers = [content(one) for one in lines(run / "telemetry.jsonl") if one["kind"] == "layers"]
    assert layers and not any("left_out" in one for one in layers)
