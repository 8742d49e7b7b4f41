"""What the Storage page shows: where the space goes, and what can be had back."""
