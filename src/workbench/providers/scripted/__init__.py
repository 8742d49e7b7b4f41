"""Scripted providers on loopback: the demonstration."""
