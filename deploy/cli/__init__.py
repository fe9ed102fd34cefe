"""The `medkabinet` command line."""
