"""Settings of documents; every number here is a default that the environment may change."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from chassis.settings import Seconds, ServiceSettings


class Settings(ServiceSettings):
    """Prefix `DOCUMENTS_`. Formats and sizes per type are the rule table's (`domain.rules`), not settings."""

    model_config = SettingsConfigDict(env_prefix="DOCUMENTS_", extra="ignore")

    bucket: str = "documents"
    """Where the files are; keys are `<owner>/<document>/<upload>`."""
    quarantine_bucket: str = "quarantine"
    """Where infected files are kept apart; no link ever names it."""
    quarantine_days: int = Field(default=30, ge=1)
    """How long an infected file is kept for whoever looks into it."""
    link_seconds: Seconds = 300
    """How long a download link works."""

    upload_seconds: Seconds = 600
    """Longest upload; 10 MB at 150 kbit/s."""
    upload_silence_seconds: Seconds = 20
    """Longest pause between two parts of an upload."""
    upload_term_seconds: Seconds = 900
    """When what an upload left behind is removed; longer than any upload may take."""
    documents_per_owner: int = Field(default=300, ge=1)
    documents_per_registrant: int = Field(default=10, ge=1)
    """Of somebody who has no account yet: enough for two scans and some second thoughts."""
    files_per_document: int = Field(default=50, ge=1)

    check_term_seconds: Seconds = 300
    """When a check that is not done counts as stuck; doubles with each repetition."""
    worker_prefetch: int = Field(default=2, ge=1)
    """Files of one queue handed to one worker before it is done with them; the others are free for other workers."""
    checks_at_once: int = Field(default=2, ge=1)
    """Files one worker looks into at a time, whether to check them or to picture their pages."""
    check_seconds: Seconds = 60
    """Longest look by the wall clock; beyond it the step is repeated later, since the machine may be to blame."""
    check_cuts_max: int = Field(default=4, ge=1)
    """Looks of one step cut off by the clock or from outside until the file counts as too complex: those of one ladder of retries."""
    check_deaths_max: int = Field(default=25, ge=1)
    """Workers that die over one file until it counts as too complex. Beyond the broker's limit of deliveries (20) the term asks again."""
    check_cpu_seconds: int = Field(default=20, ge=1)
    """Processor time of one check; beyond it the file is to blame."""
    check_memory_bytes: int = Field(default=671_088_640, ge=134_217_728)
    """Address space of one check, beyond the libraries, which all checks share. The largest picture takes 400 MB."""
    clamd_host: str = "127.0.0.1"
    clamd_port: int = Field(default=3310, ge=1, le=65_535)
    clamd_seconds: Seconds = 30
    """Longest scan for malware, waiting for a clamd that takes no connection included; beyond it the step is repeated later."""
    pdf_pages_max: int = Field(default=300, ge=1)
    pdf_objects_max: int = Field(default=200_000, ge=1)
    pdf_page_mm_max: int = Field(default=5_000, ge=1)
    """Longest side of a page. A scan of A4 at 1,200 dpi, each pixel taken for a point, has 4,950."""
    image_pixels_max: int = Field(default=100_000_000, ge=1)
    """An A4 page at 900 dpi has 78 million."""

    portal_hosts: tuple[str, ...] = ("www.gosuslugi.ru", "gosuslugi.ru")
    """Where the QR code of a confirmation has to lead, over TLS."""
    code_pages_max: int = Field(default=5, ge=1)
    """Pages on which the code is looked for."""
    signature_roots: Path | None = None
    """Folder with certificates (`.pem`, `.crt`, `.cer`, `.der`) of authorities whose signatures in PDFs are trusted; without it none is."""

    measured_pages_max: int = Field(default=20, ge=1)
    """Of a file, from its first on; each takes up to 0.1 s."""
    scan_dpi_min: int = Field(default=120, ge=1)
    """Pixels per inch of the paper. Between scans of 60-90 and of 150 dpi the widest gap is around 119, 1.6 times wide."""
    scan_sharpness_min: float = Field(default=0.34, gt=0)
    """Of `measures.sharpness`: the widest gap between good and bad scans of the tuning seed is around 0.337, 1.14 times wide."""
    scan_ink_min: float = Field(default=0.001, ge=0, lt=1)
    """Share of the page: blank sheets with dust stay 35 times below those with a single stamp, the middle is 0.0015.

    These three judge 99.8 % of 400 scans rightly (`python -m deploy.evaluation scans`, a seed they were not tuned on).
    """

    preview_pages_max: int = Field(default=20, ge=1)
    """Of an accepted file that get a picture for whoever looks at it, from its first on."""
    preview_pixels: int = Field(default=1_600, ge=200, le=4_000)
    """Of the long side of such a picture: small print of an A4 page can be read."""
    tessdata: Path = Path("/usr/share/tesseract-ocr/5/tessdata")
    """Folder with a `.traineddata` file for each language; the worker does not start without them."""
    ocr_languages: str = Field(default="rus", pattern=r"^[a-z_]+(\+[a-z_]+)*$")
    """In which text is recognised. The figures of `python -m deploy.evaluation ocr` are those of Russian alone."""
    ocr_pages_max: int = Field(default=10, ge=1)
    """Of a file, from its first on; each that has no text layer takes 0.5-0.8 s of processor time, a turned one twice as much."""
    ocr_cpu_seconds: int = Field(default=60, ge=1)
    """Processor time of one reading. After half of it no further page is begun; beyond it the text counts as unreadable."""
    ocr_seconds: Seconds = 150
    """Longest reading by the wall clock; beyond it the step is repeated later, since the machine may be to blame."""

    draft_retention_days: int = Field(default=90, ge=1)
    """From the last use of a document that was never handed in with an application to its removal."""
    draft_notice_days: int = Field(default=14, ge=1)
    """How long before that its owner is told."""
    sweep_hour: int = Field(default=0, ge=0, le=23)
    """When the nightly sweep begins, UTC; 0 is three in the morning in Moscow."""
    sweep_nights: int = Field(default=7, ge=1)
    """After so many nights the bytes of every file were read once; all are measured every night."""
    sweep_documents: int = Field(default=200, ge=1)
    """In one part of a sweep."""
    sweep_objects: int = Field(default=1_000, ge=1)
    """In one part of a sweep."""
    orphan_hours: int = Field(default=1, ge=1)
    """How old an object of no file and no upload must be to be removed."""
