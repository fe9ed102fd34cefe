"""The events services exchange, and nothing else: the only code two services share about their domains."""
