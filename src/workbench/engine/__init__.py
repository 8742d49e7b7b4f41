"""The composition root: builds every service and owns the core thread and its loop."""
