"""Everything a person can do, in one registry."""
