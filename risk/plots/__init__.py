"""Figures of a study: its numbers in, a matplotlib Figure in the house style out.

Nothing is computed here that the study does not hold, but words and the histogram.
"""

from risk.plots.backtest import draw_backtest
from risk.plots.bridge import draw_bridge
from risk.plots.distribution import draw_distribution
from risk.plots.hours import draw_hours
from risk.plots.levers import draw_levers
from risk.plots.save import figure_run_id, save_figure, save_figures
from risk.plots.sheet import Sheet
from risk.plots.sobol import draw_sobol
from risk.plots.tornado import draw_tornado

__all__ = [
    "Sheet",
    "draw_backtest",
    "draw_bridge",
    "draw_distribution",
    "draw_hours",
    "draw_levers",
    "draw_sobol",
    "draw_tornado",
    "figure_run_id",
    "save_figure",
    "save_figures",
]
