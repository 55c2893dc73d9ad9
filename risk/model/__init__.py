"""The profit model of an AI lab: one day, one small function a quantity.

Read ``profit.py`` first: `profit_model` is the income statement, top to bottom, in explicit calls.

============= =======================================================================
units         quantity types (array, unit, range) and conversion constants
workload      tokens of the day: cache hits, misses, output
subscriptions free users and subscribers: their tokens, what they pay by the month
serving       busy nodes, paid node-hours, GPU rate, inference cost
sales         paid share, price lists, discounts, real revenue
training      research spread over the life of a model
gaps          how far the real day falls short of the headline's
profit        margins, the statement, and `profit_model` itself
============= =======================================================================

A function is named after the quantity that it returns and its arguments after the quantities that
it needs; the types say the units. Arguments are arrays of any shapes that broadcast, or floats,
and are never changed. Nothing here is random and nothing here reads a file.
"""

from risk.model.profit import ProfitStatement, profit_model

__all__ = ["ProfitStatement", "profit_model"]
