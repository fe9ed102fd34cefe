"""HTTP routes, split by who calls them."""

from services.applications.api import (
    appeals,
    applicant,
    certificates,
    credentials,
    employers,
    exports,
    figures,
    notes,
    public,
    registrar,
    reviewer,
    shares,
)

ROUTERS = (
    certificates.router,
    public.router,
    credentials.router,
    shares.router,
    employers.router,
    exports.router,
    figures.router,
    appeals.router,
    applicant.router,
    reviewer.router,
    notes.router,
    registrar.router,
    registrar.reviews,
)
ROOT_ROUTERS = (public.pages, shares.pages)
