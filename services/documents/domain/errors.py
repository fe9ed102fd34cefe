"""Refusals of documents; every text says what is wrong and what to do, none holds a file name."""

from collections.abc import Iterable
from typing import Self
from uuid import UUID

from chassis.errors import (
    Conflict,
    FieldError,
    Forbidden,
    Invalid,
    LengthRequired,
    NotFound,
    PayloadTooLarge,
    PreconditionFailed,
    UnsupportedMediaType,
)
from services.documents.domain.rules import Rule


class DocumentNotFound(NotFound):
    """No such document for who is asking."""

    code = "document-not-found"

    @classmethod
    def of(cls) -> Self:
        """The same words for a missing document and a stranger's."""
        return cls("Такого документа нет среди доступных вам.")


class StaleDocument(PreconditionFailed):
    """The document changed since it was read."""

    code = "document-changed"

    @classmethod
    def of(cls) -> Self:
        """The one text."""
        return cls("Документ изменился, пока вы на него смотрели. Обновите страницу и повторите.")


class LengthMissing(LengthRequired):
    """An upload that does not say how long it is."""

    code = "length-required"

    @classmethod
    def of(cls, rule: Rule) -> Self:
        """Names the limits."""
        wrong = FieldError("#header:Content-Length", "missing", "Размер файла обязателен.")
        return cls(f"«{rule.title}»: укажите размер файла (Content-Length). Допустимо {rule.limits}.", errors=[wrong])


class FileTooLarge(PayloadTooLarge):
    """More bytes than the type allows."""

    code = "file-too-large"

    @classmethod
    def of(cls, rule: Rule) -> Self:
        """Names the limits."""
        return cls(
            f"«{rule.title}»: файл слишком велик. Допустимо {rule.limits}.",
            errors=[FieldError("#header:Content-Length", "too-large", f"Не больше {rule.max_bytes} байт.")],
            max_bytes=rule.max_bytes,
            media_types=[media_type.value for media_type in rule.media_types],
        )


class MediaTypeNotAllowed(UnsupportedMediaType):
    """A declared format the type does not allow."""

    code = "media-type-not-allowed"

    @classmethod
    def of(cls, rule: Rule) -> Self:
        """Names the limits."""
        return cls(
            f"«{rule.title}»: такой формат не принимается. Допустимо {rule.limits}.",
            errors=[FieldError("#header:Content-Type", "not-allowed", f"Допустимо {rule.limits}.")],
            max_bytes=rule.max_bytes,
            media_types=[media_type.value for media_type in rule.media_types],
        )


class FileEmpty(Invalid):
    """An upload of nothing."""

    code = "file-empty"

    @classmethod
    def of(cls, rule: Rule) -> Self:
        """Names the document."""
        wrong = FieldError("#header:Content-Length", "empty", "Размер файла больше нуля.")
        return cls(f"«{rule.title}»: файл пуст. Проверьте, что он открывается, и загрузите его снова.", errors=[wrong])


class FileNameMissing(Invalid):
    """An upload without a usable file name."""

    code = "file-name-missing"

    @classmethod
    def of(cls) -> Self:
        """Says how the name is sent."""
        wrong = FieldError("#header:Content-Disposition", "missing", "Ожидается attachment; filename*=UTF-8''<имя файла>.")
        return cls("Укажите имя файла в заголовке Content-Disposition.", errors=[wrong])


class UploadInterrupted(Invalid):
    """Fewer bytes came than announced, or they stopped coming."""

    code = "upload-interrupted"

    @classmethod
    def of(cls) -> Self:
        """The one text."""
        return cls("Загрузка прервалась, от неё ничего не осталось. Повторите её.")


class UploadSuperseded(Conflict):
    """Another upload to the same document began, or this one took too long."""

    code = "upload-superseded"

    @classmethod
    def of(cls) -> Self:
        """The one text."""
        return cls("Эту загрузку заменила более новая, или она длилась слишком долго. Обновите страницу и при необходимости повторите.")


class DocumentLocked(Conflict):
    """An application holds the document as it is."""

    code = "document-locked"

    @classmethod
    def of(cls, application_ids: Iterable[UUID]) -> Self:
        """Names the applications that hold it."""
        return cls(
            "Документ приложен к поданному заявлению, поэтому заменить его сейчас нельзя. Это станет возможно, если по заявлению"
            " запросят уточнение этого документа. Новый документ того же вида можно загрузить отдельно.",
            application_ids=[str(application_id) for application_id in application_ids],
        )


class TooManyDocuments(Conflict):
    """The owner has as many documents as one may have."""

    code = "too-many-documents"

    @classmethod
    def of(cls, limit: int) -> Self:
        """Names the limit."""
        return cls(f"У вас уже {limit} документов - больше хранить нельзя. Замените один из прежних.", limit=limit)


class TypeNotForRegistration(Forbidden):
    """Somebody who registers may bring the scans of passport and SNILS, nothing else."""

    code = "type-not-for-registration"

    @classmethod
    def of(cls) -> Self:
        """The one text."""
        return cls("До окончания регистрации можно загрузить только сканы паспорта и СНИЛС.")


class TooManyFiles(Conflict):
    """The document was replaced as often as it may be."""

    code = "too-many-files"

    @classmethod
    def of(cls, limit: int) -> Self:
        """Names the limit."""
        return cls(f"Этот документ заменяли уже {limit} раз. Загрузите новый документ того же вида.", limit=limit)


class FileNotAccepted(Conflict):
    """No link before the verdict, none to what was refused."""

    code = "file-not-accepted"

    @classmethod
    def of(cls) -> Self:
        """The one text."""
        return cls("Файл можно скачать после того, как он пройдёт проверку.")


class RenditionNotFound(NotFound):
    """No such picture or PDF was made of the file, or not yet."""

    code = "rendition-not-found"

    @classmethod
    def of(cls) -> Self:
        """The one text."""
        return cls("Такого вида у файла нет. Если файл принят только что, повторите через минуту, или скачайте сам файл.")


class FileNotFound(NotFound):
    """The document has no such file version."""

    code = "file-not-found"

    @classmethod
    def of(cls) -> Self:
        """The one text."""
        return cls("У документа нет файла с таким номером версии.")
