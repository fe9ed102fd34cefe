"""How the system runs, is shown, measured and broken on purpose; nothing of it ships inside a service."""
