import io
from datetime import date

import pikepdf
import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from deploy.journey import files
from deploy.journey.people import invent_person

PERSON = invent_person("files", today=date(2026, 11, 23))


@pytest.mark.parametrize("made", [files.diploma, files.licence, files.supporting])
def test_papers_are_readable_pdfs_with_the_persons_name(made) -> None:  # type: ignore[no-untyped-def]
    file = made(PERSON)
    document = pypdfium2.PdfDocument(file.content)
    text = document[0].get_textpage().get_text_range()
    document.close()
    assert PERSON.surname in text
    assert file.content.startswith(b"%PDF-")


def test_the_training_certificate_is_a_jpeg_of_scan_quality() -> None:
    with Image.open(io.BytesIO(files.training_certificate(PERSON).content)) as image:
        assert (image.format, image.width > 1200) == ("JPEG", True)


def test_the_confirmation_is_a_png_whose_qr_can_be_read() -> None:
    with Image.open(io.BytesIO(files.gosuslugi_confirmation(PERSON).content)) as image:
        assert image.format == "PNG"
        (code,) = zxingcpp.read_barcodes(image)
    assert code.text.startswith("https://www.gosuslugi.ru/confirmation/")


def test_bad_files_are_bad_in_the_way_they_say() -> None:
    assert files.picture_called_pdf(PERSON).content.startswith(b"\x89PNG")
    with pytest.raises(pikepdf.PasswordError):
        pikepdf.open(io.BytesIO(files.encrypted_pdf(PERSON).content))
    with pikepdf.open(io.BytesIO(files.scripted_pdf(PERSON).content)) as document:
        assert "/OpenAction" in document.Root
    with Image.open(io.BytesIO(files.truncated_jpeg(PERSON).content)) as image, pytest.raises(OSError, match="truncated"):
        image.load()
    assert len(files.oversized_pdf(PERSON).content) == 5 * 1_048_576 + 1
    with pikepdf.open(io.BytesIO(files.oversized_pdf(PERSON).content)) as document:
        assert len(document.pages) == 1
    assert files.empty().content == b""
