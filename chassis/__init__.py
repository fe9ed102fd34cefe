"""The technical base every service stands on. It knows no domain word; a thing enters when two services need it."""
