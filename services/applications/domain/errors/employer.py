"""What is refused to employers, and about them, by name."""

from chassis.errors import Conflict, Invalid, NotFound, Unauthenticated


class EmployerKeyRefused(Unauthenticated):
    """No key, or one that opens nothing: never given out, mistyped and ended are one answer."""

    code = "employer-key-refused"


class EmployerNotFound(NotFound):
    """No such employer."""

    code = "employer-not-found"


class OgrnWrong(Invalid):
    """The number of the register of organisations has a wrong length or check digit."""

    code = "ogrn-wrong"


class CsvNotUtf8(Invalid):
    """The table is in another encoding."""

    code = "csv-not-utf8"


class CsvUnreadable(Invalid):
    """A row breaks the rules of CSV."""

    code = "csv-unreadable"


class CsvWithoutColumns(Invalid):
    """The header is not the one that is needed."""

    code = "csv-columns-wrong"


class CsvEmpty(Invalid):
    """No rows."""

    code = "csv-empty"


class CsvTooManyRows(Invalid):
    """More rows than are checked at once."""

    code = "csv-too-many-rows"


class CsvRowsWrong(Invalid):
    """Rows that cannot be checked; `errors` names them."""

    code = "csv-rows-wrong"


class PurposeUnknown(Invalid):
    """Employers do not ask for this."""

    code = "purpose-unknown"


class ConsentNotFound(NotFound):
    """No such question to whoever asks."""

    code = "consent-not-found"


class AskedTooSoon(Conflict):
    """The holder said no lately."""

    code = "consent-refused-lately"


class SubscriptionEnded(Conflict):
    """What was refused or taken back has to be asked for again."""

    code = "subscription-ended"
