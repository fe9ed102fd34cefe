"""Makes files that are two at once, and honest ones that look like it."""

import io
import zipfile

import pikepdf
from pyhanko.pdf_utils.generic import StreamObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from tests.documents import samples
from tests.documents.corpus.makers.registry import maker, named


def zipped() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", "<w:document/>" * 50)
    return target.getvalue()


_WEB_PAGE = b"\n<HTML><script>alert(1)</script></HTML>"
named("archive_behind_pdf", lambda: samples.pdf() + zipped())
named("archive_between_ends", lambda: samples.pdf() + b"\n" + zipped()[:-22] + b"\n%%EOF\n")
named("page_behind_pdf", lambda: samples.pdf() + _WEB_PAGE)
named("pdf_behind_pdf", lambda: samples.pdf() + samples.pdf(2))
named("linearised", lambda: samples.saved(pikepdf.open(io.BytesIO(samples.pdf(3))), linearize=True))
named("archive_behind_jpeg", lambda: samples.jpeg() + zipped())
named("pdf_behind_jpeg", lambda: samples.jpeg() + b"\0" * 9 + samples.pdf())
named("jpeg_behind_png", lambda: samples.png() + samples.jpeg())
named("remains_behind_png", lambda: samples.png() + samples.png()[5_000:])


@maker
def archive_in_pdf() -> bytes:
    """Its table is behind the last end, its files are not."""
    made = pikepdf.open(io.BytesIO(samples.pdf()))
    made.Root.Archive = made.make_indirect(pikepdf.Stream(made, zipped()))
    return samples.saved(made, compress_streams=False)


@maker
def archive_in_jpeg_comment() -> bytes:
    """Before the end; whoever opens an archive adds what stands before it to every offset."""
    archive, end = zipped(), samples.jpeg()[-2:]
    return samples.jpeg()[:-2] + b"\xff\xfe" + (len(archive) + 2).to_bytes(2, "big") + archive + end


@maker
def photo_in_update() -> bytes:
    """An honest change of a PDF, written behind its end."""
    writer = IncrementalPdfFileWriter(io.BytesIO(samples.pdf()))
    writer.root["/Photo"] = writer.add_object(StreamObject(stream_data=samples.jpeg()))
    writer.update_root()  # type: ignore[no-untyped-call]
    target = io.BytesIO()
    writer.write(target)  # type: ignore[no-untyped-call]
    return target.getvalue()
