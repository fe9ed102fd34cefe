"""The page of rules: what the tables and the table of moves say, in words."""
