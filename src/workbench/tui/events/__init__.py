"""What the events pane shows and where it comes from."""
