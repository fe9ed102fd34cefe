"""What a document says, and whether that is what the profile says. Pure: pages are read elsewhere."""

from services.documents.domain.reading.compare import Agreement, Comparison, Field, compare
from services.documents.domain.reading.words import NOTHING, Page, Reading, Source, Word

__all__ = ["NOTHING", "Agreement", "Comparison", "Field", "Page", "Reading", "Source", "Word", "compare"]
