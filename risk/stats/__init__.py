"""Estimators on plain arrays: NumPy and SciPy, no labels. The sample axis is always last."""
