"""Keys and signatures: what the service puts its name under."""
