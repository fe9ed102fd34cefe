"""Checking files: the verdict, reached by a worker, and the term that notices when none comes."""
