"""Makes each kind of file of the corpus, by its name in the table."""

from tests.documents.corpus.makers import polyglots
from tests.documents.corpus.makers.files import authority, scans
from tests.documents.corpus.makers.registry import MAKERS

__all__ = ["MAKERS", "authority", "polyglots", "scans"]
