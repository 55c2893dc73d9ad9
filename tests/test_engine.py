"""The engine: the written-out design, whatever the block, from the start or from where it was."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import lognorm, norm, uniform

import risk
from risk.designs import sobol_replicate
from risk.engine import Replicate, run_replicate
from risk.evaluation import bind
from risk.exchanges import Job
from risk.simulation import importance_order, plan
from risk.stats.sobol import pick_freeze


def model(x1: Any, x2: Any, given: Any) -> dict[str, Any]:
    """A product, a sum and a constant."""
    return {"product": x1 * x2 * given, "sum": x1 + given, "same": 0 * x1 + 3.0}


@pytest.fixture
def priors() -> risk.Priors:
    source: dict[str, Any] = {"unit": "1", "source": "a test"}
    return risk.Priors(
        {
            "x1": risk.Prior(lognorm(0.5), **source),
            "state": risk.Prior({"low": 0.3, "high": 0.7}, **source),
            "given": risk.Prior(
                {"low": uniform(0, 1), "high": norm(3, 1)}, given="state", **source
            ),
            "x2": risk.Prior(uniform(1, 1), **source),
        }
    )


@pytest.fixture
def job(priors: risk.Priors) -> Job:
    bound = bind(model, priors)
    return plan(bound, {n: (n,) for n in bound.map.names}, bound.outcomes, 2048, 9, keep=1024)


def same_bits(one: Replicate, other: Replicate) -> None:
    assert one.points == other.points
    assert one.inputs.keys() == other.inputs.keys()
    pairs = [(one.inputs[name], other.inputs[name]) for name in one.inputs]
    pairs += [(one.outcomes, other.outcomes), (one.powers, other.powers)]
    pairs += list(zip(one.sums, other.sums, strict=True))
    pairs += list(zip(one.tally or (), other.tally or (), strict=True))
    for mine, theirs in pairs:
        np.testing.assert_array_equal(mine, theirs, strict=True)


def test_a_replicate_is_the_written_out_design(job: Job) -> None:
    """Exchanged columns equal the map of exchanged coordinates, regime included."""
    job = replace(job, draws=64, keep=64, bins=None)
    found = run_replicate(job, (1, 0))
    a, b = sobol_replicate(64, job.order, 9, (1, 0))
    pairs = [(a, b)]
    for i in range(4):
        moved = (np.arange(4) == i)[:, None]
        pairs.append((np.where(moved, b, a), np.where(moved, a, b)))
    bound = job.model
    every = np.array(
        [[bound(bound.map.inputs(bound.map.columns(u)), 64) for u in pair] for pair in pairs]
    )
    for k in range(3):
        expected = pick_freeze(every[0, :, k], list(every[1:, :, k]))
        np.testing.assert_array_equal(found.sums.cross[k], expected.cross[0])
        np.testing.assert_array_equal(found.sums.squares[k], expected.squares[0])
    np.testing.assert_array_equal(found.outcomes, every[0, 0])
    z = (every[0] - job.centre[:, None]) / job.scale[:, None]
    powers = [np.sum(z**p, axis=-1).T for p in (1, 2, 3, 4)]
    np.testing.assert_allclose(found.powers, np.stack(powers, axis=-1), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("rows", "block"), [(1, 512), (1 << 14, 1024), (1 << 20, 2048)])
@pytest.mark.parametrize("program", [True, False])
def test_the_size_of_a_block_changes_no_bit(job: Job, rows: int, block: int, program: bool) -> None:
    if not program:
        job = replace(job, program=None)
    other = replace(job, block_rows=rows)
    assert other.block == (block if not program else min(2048, max(512, rows // 2)))
    same_bits(run_replicate(other, (1, 5)), run_replicate(job, (1, 5)))


@pytest.mark.parametrize("before", [512, 1024])
def test_points_may_be_added_later(job: Job, before: int) -> None:
    """The same bits in one go and in two, whether or not all draws were kept until then."""
    first = run_replicate(replace(job, draws=before, keep=before, bins=None), (1, 2))
    stored = [part.copy() for part in first.sums]
    same_bits(run_replicate(job, (1, 2), first), run_replicate(job, (1, 2)))
    for part, known in zip(first.sums, stored, strict=True):  # what was stored is left alone
        np.testing.assert_array_equal(part, known)


def test_the_first_draws_are_kept(job: Job) -> None:
    few, all_ = run_replicate(job, (1, 1)), run_replicate(replace(job, keep=2048), (1, 1))
    assert few.outcomes.shape == (3, 1024)
    np.testing.assert_array_equal(few.outcomes, all_.outcomes[:, :1024])
    np.testing.assert_array_equal(few.inputs["x1"], all_.inputs["x1"][:1024])


def test_asinh_is_that_of_the_outcome_over_its_scale(job: Job) -> None:
    """The sums of a job with asinh are those of a model that returns it."""

    def transformed(x1: Any, x2: Any, given: Any) -> dict[str, Any]:
        found = model(x1, x2, given).items()
        return {name: np.arcsinh(y / s) for (name, y), s in zip(found, job.scale, strict=True)}

    job = replace(job, program=None)
    other = replace(job, model=replace(job.model, model=transformed))
    mine, theirs = run_replicate(replace(job, asinh=True), (1, 0)), run_replicate(other, (1, 0))
    np.testing.assert_array_equal(mine.sums.cross, theirs.sums.cross)


def test_outcomes_of_any_size_have_the_same_indices(job: Job) -> None:
    """Squares of 1e-180 or 1e180 are no doubles; the engine takes such outcomes in their scale."""
    plain = run_replicate(job, (1, 0)).sums
    expected = plain.total[:2] / plain.variance[:2]
    for size in (1e-180, 1e180):

        def sized(x1: Any, x2: Any, given: Any, size: float = size) -> dict[str, Any]:
            return {name: size * y for name, y in model(x1, x2, given).items()}

        bound = bind(sized, risk.Priors(_inputs()))
        moved = plan(bound, dict(job.factors), bound.outcomes, 2048, 9, keep=1024)
        found = run_replicate(moved, (1, 0)).sums
        np.testing.assert_allclose(
            found.total[:2] / found.variance[:2], expected, rtol=1e-9, atol=1e-12
        )


def _inputs() -> dict[str, risk.Prior]:
    source: dict[str, Any] = {"unit": "1", "source": "a test"}
    states = {"low": uniform(0, 1), "high": norm(3, 1)}
    return {
        "x1": risk.Prior(lognorm(0.5), **source),
        "state": risk.Prior({"low": 0.3, "high": 0.7}, **source),
        "given": risk.Prior(states, given="state", **source),
        "x2": risk.Prior(uniform(1, 1), **source),
    }


@pytest.mark.parametrize(
    ("side", "where"),
    [("A", "replicate 3, design A with x1 of B"), ("B", "replicate 3, design B with x1 of A")],
)
def test_what_is_not_finite_is_named_with_its_design_and_row(
    job: Job, side: str, where: str
) -> None:
    """The first design with a bad row; its number is that of the point, whatever the block."""
    bound, key = job.model, (1, 3)
    a, b = sobol_replicate(2048, job.order, 9, key)
    own, other = (a, b) if side == "A" else (b, a)
    u = own.copy()
    u[bound.map.axes.index("x1")] = other[bound.map.axes.index("x1")]
    values = bound.map.inputs(bound.map.columns(u))
    x1, x2 = values["x1"][1500], values["x2"][1500]

    def broken(x1: Any, x2: Any, given: Any, at: tuple[float, float] = (x1, x2)) -> dict[str, Any]:
        bad = np.where((x1 == at[0]) & (x2 == at[1]), np.nan, 0.0)
        return {name: y + bad for name, y in model(x1, x2, given).items()}

    with pytest.raises(risk.ModelError, match=f"infinity in {where}: 1 of `product`") as raised:
        run_replicate(replace(job, model=replace(bound, model=broken), program=None), key)
    assert f"row 1500: product = nan at x1={x1:.6g}, " in str(raised.value)


def test_the_order_of_inputs_is_that_of_importance() -> None:
    source: dict[str, Any] = {"unit": "1", "source": "a test"}
    three = risk.Priors({f"x{i}": risk.Prior(uniform(0, 1), **source) for i in (1, 2, 3)})
    bound = bind(lambda x1, x2, x3: {"y": x1 + 9 * x2 + 3 * x3}, three)
    job = plan(bound, {n: (n,) for n in three}, ("y",), 256, 0)
    assert job.order == [1, 2, 0]
    assert importance_order(job, run_replicate(job, (0,))) == [1, 2, 0]
