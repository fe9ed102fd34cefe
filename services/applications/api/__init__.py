"""HTTP routes, split by who calls them."""

from services.applications.api import applicant, credentials, exports, public, registrar, reviewer

ROUTERS = (public.router, credentials.router, exports.router, applicant.router, reviewer.router, registrar.router)
ROOT_ROUTERS = (public.pages,)
