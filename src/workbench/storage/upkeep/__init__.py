"""The store's upkeep: how large it is, what can go, copies of it, whether it is sound."""
