"""Every version of every table of rules, and how they are read."""

from services.applications.domain.rulebook.book import Rulebook
from services.applications.domain.rulebook.parsing import FILES, RulesUnusable, parse

__all__ = ["FILES", "Rulebook", "RulesUnusable", "parse"]
