"""Notifications: who is told what, where and when; preferences, inbox, channels, delivery ledger, repeats."""
