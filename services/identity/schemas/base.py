"""What bodies share."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

Short = Annotated[str, StringConstraints(max_length=64)]
Line = Annotated[str, StringConstraints(max_length=300)]
Secret = Annotated[SecretStr, Field(max_length=256)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=16)]


class In(BaseModel):
    """A request body: unknown fields are refused, values never show in errors."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class CodeIn(In):
    """A one-time code."""

    code: Code
