"""The page a share opens: the token behind # is sent by nobody but whoever presses the button, so that previews use no view up."""

import base64
import hashlib
from html import escape

from services.applications.gateways.pages import page

_SCRIPT = 'document.querySelector("input").value=location.hash.slice(1)'
"""All there is: without it the code is typed or pasted."""
_FORM = """<p>{note}</p>
<form method="post" action="/share">
<p><label>Код доступа<br><input name="token" required maxlength="100" autocomplete="off" spellcheck="false"></label></p>
<p><button>Показать сертификат</button></p>
</form>
<script>{script}</script>"""
_NOTE = "Владелец сертификата открыл вам доступ к нему. Каждый просмотр считается, и владелец его видит."

SHARE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    f"script-src 'sha256-{base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()}'"
)
"""The content security policy under which the page works."""


def share_page(refusal: str = "") -> str:
    """The form; after a code that opens nothing, with what to do."""
    return page("Сертификат по ссылке", _FORM.format(note=escape(refusal or _NOTE), script=_SCRIPT))
