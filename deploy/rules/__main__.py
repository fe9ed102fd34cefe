"""`python -m deploy.rules` writes `docs/rules.md` from the tables of rules and the table of moves; `--check` compares only."""

import sys

from deploy.rules.page import FILE, render
from services.applications.gateways import read_rulebook


def main(arguments: list[str]) -> int:
    """Exit status: 1 when the page in git is another."""
    text = render(read_rulebook())
    if "--check" in arguments:
        if FILE.exists() and FILE.read_text(encoding="utf-8") == text:
            return 0
        print(f"{FILE.name} is stale: run python -m deploy.rules", file=sys.stderr)
        return 1
    FILE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
