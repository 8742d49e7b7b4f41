"""Whom to ask and what to do when they fail: routing, attempts, classification, the LiteLLM client."""
