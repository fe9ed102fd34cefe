"""Kill things while people work, then count from outside what was lost, doubled or stuck."""
