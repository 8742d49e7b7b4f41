"""Where things lie and how they are set: folders, YAML, environment, discovery."""
