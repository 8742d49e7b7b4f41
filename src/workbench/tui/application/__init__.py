"""What the application can do whatever pane is shown."""
