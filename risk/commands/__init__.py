"""What the commands do, apart from their options: imported when a command runs."""
