"""What the providers pane shows: figures in cells, rows, details, and what a person does with providers."""
