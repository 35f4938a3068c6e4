"""What all mapping models share. No table and no rule of one."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

# The name of an environment variable: a secret pasted in its place is refused, and never shown (describe in source.py).
VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Z_][A-Z0-9_]*$")]


class Strict(BaseModel):
    """No unknown field, no change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)
