"""The version of the engine: part of every run id."""

__version__ = "0.2.0"
