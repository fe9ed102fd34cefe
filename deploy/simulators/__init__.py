"""The outside world in development and tests: state registries, SMS, mail, push and ESIA, as one app with a page to look at."""
