"""What identity needs from outside its own code: state registries, password hashing, randomness."""
