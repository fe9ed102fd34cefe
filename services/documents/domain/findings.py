"""What a check may find, and what it tells the person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from services.documents.domain.rules import MEGABYTE, MediaType, Rule


class FindingCode(StrEnum):
    """Stable names of what can be wrong with a file."""

    CODE_FOREIGN = "code-foreign"
    CODE_MISSING = "code-missing"
    FILE_EMPTY = "file-empty"
    FILE_TOO_LARGE = "file-too-large"
    FILE_TOO_COMPLEX = "file-too-complex"
    FILE_INFECTED = "file-infected"
    EXTENSION_MISMATCH = "extension-mismatch"
    CONTENT_MISMATCH = "content-mismatch"
    CONTENT_TWO_FORMATS = "content-two-formats"
    CONTENT_UNKNOWN = "content-unknown"
    PDF_DAMAGED = "pdf-damaged"
    PDF_ENCRYPTED = "pdf-encrypted"
    PDF_WITHOUT_PAGES = "pdf-without-pages"
    PDF_TOO_MANY_PAGES = "pdf-too-many-pages"
    PDF_PAGE_TOO_LARGE = "pdf-page-too-large"
    PDF_ACTIVE_CONTENT = "pdf-active-content"
    PDF_EMBEDDED_FILES = "pdf-embedded-files"
    IMAGE_ANIMATED = "image-animated"
    IMAGE_DAMAGED = "image-damaged"
    IMAGE_TOO_MANY_PIXELS = "image-too-many-pixels"
    SIGNATURE_BROKEN = "signature-broken"
    SIGNATURE_MISSING = "signature-missing"
    SIGNATURE_NOT_VERIFIABLE = "signature-not-verifiable"
    SIGNATURE_THEN_CHANGED = "signature-then-changed"
    SIGNATURE_UNTRUSTED = "signature-untrusted"
    SIGNATURE_VALID = "signature-valid"
    IMAGE_BLURRED = "image-blurred"
    PAGE_BLANK = "page-blank"
    RESOLUTION_TOO_LOW = "resolution-too-low"
    SOME_PAGES_BLANK = "some-pages-blank"
    STORED_BYTES_DIFFER = "stored-bytes-differ"
    TEXT_UNREADABLE = "text-unreadable"
    PAGE_ROTATED = "page-rotated"
    PAGES_NOT_READ = "pages-not-read"
    PROFILE_NOT_VERIFIED = "profile-not-verified"
    NAME_DIFFERS = "name-differs"
    NAME_UNREADABLE = "name-unreadable"
    SURNAME_DIFFERS = "surname-differs"
    BIRTH_DATE_DIFFERS = "birth-date-differs"
    BIRTH_DATE_UNREADABLE = "birth-date-unreadable"
    PASSPORT_DIFFERS = "passport-differs"
    PASSPORT_UNREADABLE = "passport-unreadable"
    SNILS_DIFFERS = "snils-differs"
    SNILS_UNREADABLE = "snils-unreadable"
    DIPLOMA_NUMBER_DIFFERS = "diploma-number-differs"
    DIPLOMA_NUMBER_UNREADABLE = "diploma-number-unreadable"
    LICENCE_NUMBER_DIFFERS = "licence-number-differs"
    LICENCE_NUMBER_UNREADABLE = "licence-number-unreadable"
    WORKPLACE_DIFFERS = "workplace-differs"
    WORKPLACE_UNREADABLE = "workplace-unreadable"

    @property
    def is_warning(self) -> bool:
        """Nothing is proved to be wrong: it is told to the reviewer, and the file is not refused for it."""
        return self in _WARNINGS


_WARNINGS = {
    FindingCode.CODE_MISSING,
    FindingCode.TEXT_UNREADABLE,
    FindingCode.PAGE_ROTATED,
    FindingCode.PAGES_NOT_READ,
    FindingCode.PROFILE_NOT_VERIFIED,
    FindingCode.NAME_UNREADABLE,
    FindingCode.SURNAME_DIFFERS,
    FindingCode.BIRTH_DATE_UNREADABLE,
    FindingCode.PASSPORT_UNREADABLE,
    FindingCode.SNILS_UNREADABLE,
    FindingCode.DIPLOMA_NUMBER_UNREADABLE,
    FindingCode.LICENCE_NUMBER_UNREADABLE,
    FindingCode.WORKPLACE_UNREADABLE,
    FindingCode.SIGNATURE_NOT_VERIFIABLE,
    FindingCode.SIGNATURE_UNTRUSTED,
    FindingCode.SIGNATURE_VALID,
    FindingCode.SOME_PAGES_BLANK,
}

_TEXTS: dict[FindingCode, str] = {
    FindingCode.CODE_FOREIGN: "QR-код в файле ведёт не на портал Госуслуг. Откройте подтверждение на портале, сделайте снимок, на котором"
    " нет других кодов, и загрузите его.",
    FindingCode.CODE_MISSING: "QR-код подтверждения не найден или не читается, поэтому документ проверит эксперт. Чтобы проверка прошла"
    " быстрее, загрузите снимок, на котором код виден целиком.",
    FindingCode.FILE_EMPTY: "файл пуст. Проверьте, что он открывается на вашем устройстве, и загрузите его снова.",
    FindingCode.FILE_TOO_LARGE: "файл занимает {size_mb} МБ. Уменьшите его: допустимо {limits}.",
    FindingCode.FILE_TOO_COMPLEX: "файл слишком сложно устроен, и проверить его не удалось. Распечатайте документ в новый PDF"
    " или отсканируйте его заново и загрузите.",
    FindingCode.FILE_INFECTED: "в файле найдена вредоносная программа, и он никому не будет показан. Проверьте своё устройство антивирусом,"
    " отсканируйте документ заново и загрузите новый файл.",
    FindingCode.EXTENSION_MISMATCH: "окончание имени файла не подходит к формату {declared}. Переименуйте файл: имя должно"
    " оканчиваться на {extensions}.",
    FindingCode.CONTENT_MISMATCH: "внутри файла {actual}, хотя он отправлен как {declared}. Загрузите файл в его настоящем"
    " формате: допустимо {limits}.",
    FindingCode.CONTENT_TWO_FORMATS: "в файле за концом документа лежит ещё одно содержимое ({other}). Распечатайте документ в новый PDF"
    " или отсканируйте его заново и загрузите.",
    FindingCode.CONTENT_UNKNOWN: "содержимое файла не похоже ни на один из допустимых форматов. Сохраните документ заново:"
    " допустимо {limits}.",
    FindingCode.PDF_DAMAGED: "PDF повреждён и не открывается целиком. Сохраните документ в PDF заново и загрузите.",
    FindingCode.PDF_ENCRYPTED: "PDF защищён паролем или ограничениями. Снимите защиту и загрузите файл снова.",
    FindingCode.PDF_WITHOUT_PAGES: "в PDF нет ни одной страницы. Сохраните документ в PDF заново и загрузите.",
    FindingCode.PDF_TOO_MANY_PAGES: "в PDF {pages} стр., допустимо не больше {pages_max}. Оставьте только страницы документа.",
    FindingCode.PDF_PAGE_TOO_LARGE: "страница {page} длиннее {mm_max} мм. Распечатайте документ в новый PDF на листах A4 и загрузите его.",
    FindingCode.PDF_ACTIVE_CONTENT: "PDF содержит сценарии или команды запуска. Распечатайте документ в новый PDF и загрузите его.",
    FindingCode.PDF_EMBEDDED_FILES: "в PDF вложены другие файлы. Удалите вложения и загрузите PDF снова, а вложения - отдельно.",
    FindingCode.IMAGE_ANIMATED: "в файле не одно изображение, а несколько, которые сменяют друг друга. Сохраните документ одним неподвижным"
    " изображением и загрузите его.",
    FindingCode.IMAGE_DAMAGED: "изображение повреждено и не открывается целиком. Отсканируйте или сохраните его заново.",
    FindingCode.IMAGE_TOO_MANY_PIXELS: "изображение {width}x{height} слишком велико. Отсканируйте документ с разрешением"
    " 300-600 точек на дюйм.",
    FindingCode.SIGNATURE_BROKEN: "электронная подпись не сходится с содержимым файла. Скачайте документ заново там, где его выдали, и"
    " загрузите, ничего в нём не меняя.",
    FindingCode.SIGNATURE_MISSING: "в файле нет электронной подписи, а без неё этот документ принимается только сканом с бумаги. Загрузите"
    " подписанный PDF в том виде, в котором его выдали, или скан бумажного документа.",
    FindingCode.SIGNATURE_NOT_VERIFIABLE: "электронную подпись не удалось проверить автоматически, её проверит эксперт. Сохраните исходный"
    " файл: его могут попросить.",
    FindingCode.SIGNATURE_THEN_CHANGED: "файл изменён после того, как его подписали. Загрузите документ в том виде, в котором он был"
    " подписан и выдан.",
    FindingCode.SIGNATURE_UNTRUSTED: "электронная подпись верна, но сертификат подписавшего не известен или истёк, его проверит эксперт."
    " Если документ можно получить с усиленной квалифицированной подписью, загрузите его.",
    FindingCode.SIGNATURE_VALID: "электронная подпись верна, и сертификат подписавшего выдан известным удостоверяющим центром."
    " Храните исходный файл.",
    FindingCode.IMAGE_BLURRED: "страница {page} нерезкая: подписи и печати на ней не разобрать. Отсканируйте или сфотографируйте документ"
    " заново в фокусе, не сдвигая лист.",
    FindingCode.PAGE_BLANK: "на страницах ничего не видно. Проверьте, той ли стороной лежал документ, отсканируйте его заново и загрузите"
    " снова.",
    FindingCode.SOME_PAGES_BLANK: "на части страниц ничего не видно, их номера: {pages}. Если это обороты листов, ничего делать не нужно;"
    " если на них должен быть текст, отсканируйте документ заново и загрузите снова.",
    FindingCode.RESOLUTION_TOO_LOW: "страница {page} слишком мелкая: {dpi} точек на дюйм при нужных {dpi_min}, и подписи не разобрать."
    " Отсканируйте документ с разрешением 300 точек на дюйм или сфотографируйте его крупнее.",
    FindingCode.STORED_BYTES_DIFFER: "файл повредился при хранении - это наша ошибка. Загрузите его, пожалуйста, ещё раз.",
    FindingCode.TEXT_UNREADABLE: "текст прочитать не удалось, поэтому документ проверит эксперт. Чтобы проверка прошла быстрее, загрузите"
    " чёткий скан с разрешением 300 точек на дюйм или PDF с текстом.",
    FindingCode.PAGE_ROTATED: "страница {page} повёрнута. Чтобы её было удобнее смотреть, загрузите документ с ровной страницей.",
    FindingCode.PAGES_NOT_READ: "прочитано страниц: {pages}, а нужное может быть дальше, поэтому документ проверит эксперт. Чтобы проверка"
    " прошла быстрее, загрузите файл, в котором основные страницы идут первыми.",
    FindingCode.PROFILE_NOT_VERIFIED: "документ ещё не сверен с профилем: его данные пока не подтверждены. Если в профиле не всё заполнено,"
    " заполните его; когда данные подтвердят, документ будет сверен сам, снова загружать его не нужно.",
    FindingCode.NAME_DIFFERS: "фамилия, имя или отчество не те, что в профиле. Загрузите свой документ; если он ваш, а имя сменилось или"
    " в профиле ошибка, исправьте профиль.",
    FindingCode.NAME_UNREADABLE: "фамилию, имя и отчество прочитать не удалось, их проверит эксперт. Чтобы проверка прошла быстрее,"
    " загрузите скан, на котором они видны чётко.",
    FindingCode.SURNAME_DIFFERS: "фамилия не та, что в профиле, а имя и отчество те же; документ проверит эксперт. Если фамилия сменилась,"
    " загрузите свидетельство о браке или о перемене имени как дополнительный документ.",
    FindingCode.BIRTH_DATE_DIFFERS: "дата рождения не та, что в профиле. Загрузите свой документ; если ошибка в профиле, исправьте профиль,"
    " если в документе - обратитесь к тому, кто его выдал.",
    FindingCode.BIRTH_DATE_UNREADABLE: "дату рождения прочитать не удалось, её проверит эксперт. Чтобы проверка прошла быстрее, загрузите"
    " скан, на котором она видна чётко.",
    FindingCode.PASSPORT_DIFFERS: "серия или номер паспорта не те, что в профиле. Загрузите действующий паспорт; если ошибка в профиле,"
    " исправьте профиль.",
    FindingCode.PASSPORT_UNREADABLE: "серию и номер паспорта прочитать не удалось, их проверит эксперт. Чтобы проверка прошла быстрее,"
    " загрузите скан, на котором они видны чётко.",
    FindingCode.SNILS_DIFFERS: "номер СНИЛС не тот, что в профиле. Загрузите свой документ; если ошибка в профиле, исправьте профиль.",
    FindingCode.SNILS_UNREADABLE: "номер СНИЛС прочитать не удалось, его проверит эксперт. Чтобы проверка прошла быстрее, загрузите скан,"
    " на котором он виден чётко.",
    FindingCode.DIPLOMA_NUMBER_DIFFERS: "номер диплома не тот, что в профиле. Загрузите тот диплом, который указан в профиле, или исправьте"
    " номер в профиле.",
    FindingCode.DIPLOMA_NUMBER_UNREADABLE: "номер диплома прочитать не удалось, его проверит эксперт. Чтобы проверка прошла быстрее,"
    " загрузите скан, на котором он виден чётко.",
    FindingCode.LICENCE_NUMBER_DIFFERS: "номер лицензии не тот, что в профиле. Загрузите ту лицензию, которая указана в профиле, или"
    " исправьте номер в профиле.",
    FindingCode.LICENCE_NUMBER_UNREADABLE: "номер лицензии прочитать не удалось, его проверит эксперт. Чтобы проверка прошла быстрее,"
    " загрузите скан, на котором он виден чётко.",
    FindingCode.WORKPLACE_DIFFERS: "место работы не то, что в профиле. Загрузите документ с нынешнего места работы или исправьте место"
    " работы в профиле.",
    FindingCode.WORKPLACE_UNREADABLE: "организацию прочитать не удалось, её проверит эксперт. Чтобы проверка прошла быстрее, загрузите"
    " скан, на котором её название видно чётко.",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with a file; `facts` fill its sentence and hold no personal data."""

    code: FindingCode
    facts: Mapping[str, str | int] = field(default_factory=dict)
    is_warning: bool = False
    """For the reviewer; the file is not refused for it."""

    @property
    def softened(self) -> "Finding":
        """The same as a warning."""
        return replace(self, is_warning=True)

    def sentence(self, title: str) -> str:
        """Which document, what is wrong, how to fix it."""
        return f"«{title}»: {_TEXTS[self.code].format_map(self.facts)}"


def found(code: FindingCode, **facts: str | int) -> Finding:
    """A finding, a warning where its code is one."""
    return Finding(code, facts, is_warning=code.is_warning)


TEXT_UNREADABLE = found(FindingCode.TEXT_UNREADABLE)


@dataclass(frozen=True, slots=True)
class Declared:
    """What is recorded about a file when it is stored."""

    extension: str
    """Lower case with its dot, or empty."""
    media_type: MediaType
    size_bytes: int
    sha256: str


def integrity(declared: Declared, size_bytes: int, sha256: str) -> tuple[Finding, ...]:
    """Whether the stored bytes are those that were received."""
    return () if (sha256, size_bytes) == (declared.sha256, declared.size_bytes) else (Finding(FindingCode.STORED_BYTES_DIFFER),)


def size_and_type(rule: Rule, declared: Declared, actual: MediaType | None) -> tuple[Finding, ...]:
    """Whether the file is what it says and what the rule takes. `actual` is None for a format that is none of ours."""
    if declared.size_bytes == 0:
        return (Finding(FindingCode.FILE_EMPTY),)
    return (*_size(rule, declared), *_format(rule, declared, actual))


def _size(rule: Rule, declared: Declared) -> Sequence[Finding]:
    if declared.size_bytes <= rule.max_bytes:
        return ()
    size_mb = f"{declared.size_bytes / MEGABYTE:.1f}".replace(".", ",")
    return (Finding(FindingCode.FILE_TOO_LARGE, {"size_mb": size_mb, "limits": rule.limits}),)


def _format(rule: Rule, declared: Declared, actual: MediaType | None) -> Sequence[Finding]:
    found: list[Finding] = []
    titles: dict[str, str | int] = {"declared": declared.media_type.label, "limits": rule.limits}
    if actual is None:
        found.append(Finding(FindingCode.CONTENT_UNKNOWN, {"limits": rule.limits}))
    elif actual is not declared.media_type or actual not in rule.media_types:
        found.append(Finding(FindingCode.CONTENT_MISMATCH, titles | {"actual": actual.label}))
    if declared.extension not in declared.media_type.extensions:
        extensions = " или ".join(declared.media_type.extensions)
        found.append(Finding(FindingCode.EXTENSION_MISMATCH, {"declared": declared.media_type.label, "extensions": extensions}))
    return found
