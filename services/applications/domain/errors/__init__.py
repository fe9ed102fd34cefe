"""What this service refuses, by name; one module per part of an application's life."""
