"""Numbers of the distribution of an outcome, and their column at the right of its figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr
from matplotlib.lines import Line2D

from risk.memo.formats import number
from risk.plots.reading import Draws, Quantity, draws, group, outcomes, quantity
from risk.plots.sheet import Sheet
from risk.plots.style import GRID, INK, MUTED

_ROW, _RULE = 1.42, 0.5  # heights of a row and of the space around a rule, in body sizes


class Distribution(NamedTuple):
    """Numbers of the figure of one outcome."""

    reads: Quantity
    draws: Draws
    mean: float
    deviation: float
    skewness: float
    quantiles: dict[int, float]  # percent -> value
    loss: float | None  # probability of an amount below zero, where that is a loss
    shortfall: float  # mean of the worst 5 %, positive when money is lost
    base: float | None  # every input at its median

    def near(self, value: float) -> str:
        """A value at the precision of all the statistics."""
        return self.reads.labels([value, *self.values], self.coarseness)[0]

    @property
    def coarseness(self) -> float | None:
        """Error that sets the last digit: one finer than in a text, as the error stands beside."""
        error = self.draws.standard_error
        return None if error is None else error / 10

    @property
    def values(self) -> list[float]:
        """Mean, standard deviation, mean of the lowest 5 %, and the quantiles."""
        return [self.mean, self.deviation, -self.shortfall, *self.quantiles.values()]

    def below(self, value: float) -> float:
        """Share of the draws at or below a value."""
        ordered = self.draws.ordered
        return float(np.searchsorted(ordered, value, side="right")) / ordered.size


def read_distribution(study: xr.DataTree, outcome: str) -> Distribution:
    """Numbers of the distribution of an outcome.

    Raises
    ------
    ValueError
        There is no such outcome, or it is the same in every draw.
    """
    data = group(study, "risk", outcome)
    drawn = draws(study, outcome)
    reads = quantity(study, outcome)
    if not drawn.ordered[0] < drawn.ordered[-1]:
        raise ValueError(
            f"Expected an `outcome` that varies, got {outcome!r}, which is "
            f"{reads.text(float(drawn.ordered[0]))} in every draw. Draw another outcome."
        )
    percent = [round(100 * float(p)) for p in data["probability"].values]
    loss = float(data["probability_of_loss"])
    lossy = 0 < loss < 1 and reads.money and "gap" not in outcome.split("_")
    base = None
    if "tornado" in study.children and outcome in outcomes(study, "tornado"):
        base = float(group(study, "tornado", outcome)["base"])
    return Distribution(
        reads,
        drawn,
        float(data["mean"]),
        float(data["standard_deviation"]),
        float(data["skewness"]),
        dict(zip(percent, map(float, data["quantile"].values), strict=True)),
        loss if lossy else None,
        float(data["expected_shortfall"].sel(tail=0.05)),
        base,
    )


def axis_limits(data: Distribution) -> tuple[float, float]:
    """Ends of the axis: far tails are cut, and 5 % · 90 % · 5 % stay readable."""
    ordered, p5, p95 = data.draws.ordered, data.quantiles[5], data.quantiles[95]
    width = (p95 - p5) or float(ordered[-1] - ordered[0])
    far = np.quantile(ordered, [0.002, 0.998])
    low = max(float(far[0]), p5 - 0.75 * width)
    high = min(float(far[1]), p95 + 0.75 * width)
    if ordered[0] > low - 0.06 * width:  # nothing to gain from cutting so little
        low = float(ordered[0])
    if ordered[-1] < high + 0.06 * width:
        high = float(ordered[-1])
    low, high = min(low, p5 - 0.09 * width), max(high, p95 + 0.09 * width)
    for value in (data.mean, data.mean if data.base is None else data.base):
        if p5 - 1.5 * width < value < p95 + 1.5 * width:  # a mark of a far tail is a note instead
            low, high = min(low, value - 0.02 * width), max(high, value + 0.02 * width)
    return low, high


def statistics(data: Distribution) -> list[list[tuple[str, str, bool]]]:
    """Blocks of the statistics at the right: name, value, and whether it is stressed."""
    error = data.draws.standard_error
    mean, deviation, worst, *quantiles = map(data.near, data.values)
    first = [("Draws", f"{data.draws.ordered.size:,}", False), ("Mean", mean, True)]
    if error is not None:
        text = data.reads.labels([error], digits=2)[0]
        first.append(("\u00a0± standard error", text, False))
    skewness = number(data.skewness, "1", digits=2 if abs(data.skewness) < 1 else 3)
    first += [("Std. dev.", deviation, False), ("Skewness", skewness, False)]
    last = [("Mean of lowest 5%", worst, False)]
    if data.loss is not None:
        text = number(data.loss, "1", style="probability")
        shortfall = data.near(data.shortfall)
        last = [("P(loss)", text, True), ("Expected shortfall 5%", shortfall, False)]
    middle = [(f"P{p}", q, p == 50) for p, q in zip(data.quantiles, quantiles, strict=True)]
    return [first, middle, last]


def write_statistics(
    sheet: Sheet, blocks: Sequence[Sequence[tuple[str, str, bool]]], top: float, bottom: float
) -> float:
    """Write blocks of name, value and stress at the right, rules between; their left edge.

    Rows close up when there is not room for all of them between the two heights.
    """
    size = sheet.page.font
    rows = sum(map(len, blocks))
    wanted = (rows * _ROW + (len(blocks) - 1) * _RULE) * size
    shrink = min(1.0, (top - bottom - 0.5 * size) / wanted)
    relative = min(1.0, max(0.8, shrink * 1.1))
    names = max(sheet.width_of(name, relative) for block in blocks for name, _, _ in block)
    values = max(sheet.width_of(value, relative, True) for block in blocks for _, value, _ in block)
    right = sheet.page.width - sheet.margin
    left = right - names - values - size
    y = top - 0.5 * size
    for index, block in enumerate(blocks):
        if index:
            y -= _RULE * size * shrink
            _rule(sheet, left, right, y + 0.25 * _ROW * size * shrink)
        for name, value, stressed in block:
            y -= _ROW * size * shrink
            middle = y + 0.5 * _ROW * size * shrink
            sheet.words(left, middle, name, relative, color=MUTED, gid="statistic")
            sheet.words(right, middle, value, relative, color=INK, strong=stressed, align="right",
                        gid="statistic value")  # fmt: skip
    return left - 1.2 * size


def _rule(sheet: Sheet, left: float, right: float, y: float) -> None:
    """Draw a thin line between two blocks."""
    line = Line2D([left, right], [y, y], color=GRID, linewidth=1.0 * sheet.pen)
    line.set_transform(sheet.points)
    sheet.add_artist(line)
