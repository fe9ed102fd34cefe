"""What applications listens to, split by who tells."""

from chassis.broker import ConsumerRouter
from services.applications.consumers import documents, identity, own

router = ConsumerRouter.merged(own.router, documents.router, identity.router)
