"""Bodies of identity's HTTP interface."""
