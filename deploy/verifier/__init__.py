"""Verifies certificates offline: by the published keys alone, with nothing of the services (ADR 0035 describes the format)."""
