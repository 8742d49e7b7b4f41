"""One answer: attempts in turn until a provider gives it, with a trail of each."""
