"""How providers are: figures of real traffic, free probes, and what is listed of each."""
