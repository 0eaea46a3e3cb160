"""What the commands do and print; imported when a command runs."""
