"""Support: how people are helped; tickets, their terms and the agents' desk."""
