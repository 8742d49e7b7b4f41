"""Workbench: the terminal where LLM work does not stop."""

__version__ = "0.1.0"
