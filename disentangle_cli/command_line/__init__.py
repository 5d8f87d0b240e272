"""What the commands share: options, printing, exit codes."""
