"""What consumers are given."""

from typing import Annotated

from faststream import Context

from services.notifications.usecases import UseCases

UseCasesDep = Annotated[UseCases, Context("usecases")]
