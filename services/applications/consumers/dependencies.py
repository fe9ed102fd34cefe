"""What every listener needs."""

from typing import Annotated

from faststream import Context

from services.applications.usecases import UseCases

SERVICE = "applications"
UseCasesDep = Annotated[UseCases, Context("usecases")]
