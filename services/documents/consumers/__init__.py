"""What documents listens to; each of its two processes takes a part."""

from chassis.broker import ConsumerRouter
from services.documents.consumers import checking, following

router = ConsumerRouter.merged(following.router, checking.router)
