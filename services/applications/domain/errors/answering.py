"""What is refused of an answer to a request, by name."""

from chassis.errors import Invalid


class ItemLocked(Invalid):
    """An answer may change only what the request points at."""

    code = "item-locked"


class DocumentUnknown(Invalid):
    """An answer may name only documents that came from the applicant."""

    code = "document-unknown"


class NothingAnswered(Invalid):
    """An answer changes something or explains why not."""

    code = "nothing-answered"
