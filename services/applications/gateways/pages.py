"""Public pages: small and escaped."""

from html import escape

_PAGE = """<!doctype html>
<html lang="ru">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{title}</title>
<style>body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}}
dt{{color:#555}}dd{{margin:0 0 .8rem;font-weight:600}}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""


def verification_page(title: str, facts: list[tuple[str, str]], note: str) -> str:
    """A page with a list of facts and a sentence."""
    listed = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts)
    body = (f"<dl>{listed}</dl>" if facts else "") + f"<p>{escape(note)}</p>"
    return page(title, body)


def page(title: str, body: str) -> str:
    """A page with a body that is escaped already."""
    return _PAGE.format(title=escape(title), body=body)
