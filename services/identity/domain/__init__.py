"""What identity decides: who a person is, whether a value can be right, when a code, a session or a term ends. No I/O, no clock."""
