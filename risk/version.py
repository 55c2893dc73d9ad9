"""The version of the engine: part of every run id."""

__version__ = "0.3.0"
