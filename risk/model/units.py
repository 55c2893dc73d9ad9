"""Quantity types and conversion constants of the profit model.

A quantity type is an array type that says its unit and, where the quantity has one, the range of
values that make sense: ``Share = Annotated[Array, "1", (0.0, 1.0)]``. A quantity without a range,
such as a profit, may have either sign. A conversion constant carries its unit in the same way, so
that a test can follow the units through every equation: a forgotten ``HOURS_A_DAY`` leaves a unit
that is wrong by hour/day.

Units are written as pint reads them. ``Mtoken`` is a million tokens, the unit of a price list.

Examples
--------
>>> Share.__metadata__
('1', (0.0, 1.0))
>>> SECONDS_A_DAY
86400.0
"""

from math import inf
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Pure numbers
Share = Annotated[Array, "1", (0.0, 1.0)]
Ratio = Annotated[Array, "1", (0.0, inf)]
SignedRatio = Annotated[Array, "1"]

# Work and capacity
Users = Annotated[Array, "user", (0.0, inf)]
TokensPerUserPerDay = Annotated[Array, "token/user/day", (0.0, inf)]
TokensPerDay = Annotated[Array, "token/day", (0.0, inf)]
TokensPerSecondPerNode = Annotated[Array, "token/s/node", (0.0, inf)]
Nodes = Annotated[Array, "node", (0.0, inf)]
NodeHoursPerDay = Annotated[Array, "node*hour/day", (0.0, inf)]
GPUsPerNode = Annotated[Array, "GPU/node", (0.0, inf)]
GPUHours = Annotated[Array, "GPU*hour", (0.0, inf)]
Months = Annotated[Array, "month", (0.0, inf)]

# Money
USD = Annotated[Array, "USD"]
USDPerDay = Annotated[Array, "USD/day"]
USDPerGPUHour = Annotated[Array, "USD/GPU/hour", (0.0, inf)]
USDPerMtoken = Annotated[Array, "USD/Mtoken", (0.0, inf)]
USDPerUserPerMonth = Annotated[Array, "USD/user/month", (0.0, inf)]

# Conversion constants
SECONDS_AN_HOUR: Annotated[float, "s/hour"] = 3600.0
SECONDS_A_DAY: Annotated[float, "s/day"] = 86_400.0
HOURS_A_DAY: Annotated[float, "hour/day"] = 24.0
DAYS_A_MONTH: Annotated[float, "day/month"] = 365.25 / 12
TOKENS_A_MTOKEN: Annotated[float, "token/Mtoken"] = 1e6
