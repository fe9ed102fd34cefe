"""HTTP routes, split by who calls them."""

from services.applications.api import applicant, exports, public, registrar, reviewer

ROUTERS = (public.router, exports.router, applicant.router, reviewer.router, registrar.router)
ROOT_ROUTERS = (public.pages,)
