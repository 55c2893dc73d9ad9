"""Analyses: draws and row means in, one labelled Dataset of numbers with honest intervals out.

draws      the simulated inputs and outcomes
sobol      which factor drives the spread of an outcome: Sobol' indices and rank intervals
measures   how large an outcome is and how bad it can get
tornado    what one input does alone
bridge     which step takes how much, from the theoretical value to the real one
evidence   what is believed once some outcomes have been observed
scenarios  what if management pulled a lever
published  whether the theoretical case gives the published figures
"""

from risk.analysis.bridge import bridge
from risk.analysis.draws import draw_attributes, draws
from risk.analysis.evidence import evidence
from risk.analysis.measures import probability_below, risk, risk_of_all
from risk.analysis.observations import check_observations
from risk.analysis.published import published
from risk.analysis.scenarios import what_if
from risk.analysis.sobol import sobol
from risk.analysis.tornado import tornado

__all__ = [
    "bridge",
    "check_observations",
    "draw_attributes",
    "draws",
    "evidence",
    "probability_below",
    "published",
    "risk",
    "risk_of_all",
    "sobol",
    "tornado",
    "what_if",
]
