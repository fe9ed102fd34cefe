"""Invented Russian papers as a scanner would give them, with what they say: for tests and for measuring how well papers are read."""

from deploy.papers.people import Holder, holder_of
from deploy.papers.press import Kind, Paper, paper_of

__all__ = ["Holder", "Kind", "Paper", "holder_of", "paper_of"]
