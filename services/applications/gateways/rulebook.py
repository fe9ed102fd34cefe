"""The tables of rules: those of the package, or of the folder a setting names."""

from pathlib import Path

from services.applications.domain.rulebook import FILES, Rulebook, RulesUnusable, parse

PACKAGED = Path(__file__).parents[1] / "rules"


def read_rulebook(folder: Path | None = None) -> Rulebook:
    """Read and check every table. Raises `RulesUnusable` naming each mistake."""
    place, texts, problems = folder or PACKAGED, {}, []
    for name in FILES:
        try:
            texts[name] = (place / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            problems.append(f"{place / name}: {error}")
    if problems:
        raise RulesUnusable(problems)
    return parse(texts)
