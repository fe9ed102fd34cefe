"""Looking into untrusted pages; imports nothing of the project, so that it can run apart from it."""
