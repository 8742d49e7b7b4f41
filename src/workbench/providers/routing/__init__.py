"""Who is asked, in which order, and why others are not: pure functions."""
