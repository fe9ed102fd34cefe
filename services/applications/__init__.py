"""What happens to an application: form, check, states, review, terms, certificate, history."""
