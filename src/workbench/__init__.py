"""Workbench: the terminal where LLM work does not stop."""

from __future__ import annotations

__version__ = "0.1.0"
