"""Who a person is: registration, verification, sign-in, sessions, profile, access log."""
