"""The SQLite file: one store, its migrations and the event log."""
