"""Who may be asked now: breakers, limits, keys, retries, and the state that processes share."""
