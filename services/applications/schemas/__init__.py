"""Bodies of requests and answers; wire only."""
