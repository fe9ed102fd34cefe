"""How well documents are read: figures over generated papers, printed by a command."""
