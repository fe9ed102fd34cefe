"""The whole journey through the gateway, step by step, for people to watch: `python -m deploy.demo`."""
