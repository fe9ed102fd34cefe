"""`medkabinet`: what operators and developers do from a terminal."""

import typer

from deploy.cli import applications, audit, certificates, clock, dead, documents, keys, outbox, staff
from deploy.cli.personas import personas

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help="Медкабинет: служебные команды.")
app.add_typer(applications.app, name="applications")
app.add_typer(dead.app, name="dead")
app.add_typer(outbox.app, name="outbox")
app.add_typer(clock.app, name="clock")
app.add_typer(staff.app, name="staff")
app.add_typer(audit.app, name="audit")
app.add_typer(certificates.app, name="certificates")
app.add_typer(documents.app, name="documents")
app.add_typer(keys.app, name="keys")
app.command("personas")(personas)
