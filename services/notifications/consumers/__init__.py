"""What notifications listens to, split by who tells; every row of its subscriptions has its function here."""

from chassis.broker import ConsumerRouter
from services.notifications.consumers import applications, documents, identity, own, support

router = ConsumerRouter.merged(own.router, applications.router, documents.router, identity.router, support.router)
