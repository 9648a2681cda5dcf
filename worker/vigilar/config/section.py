"""What all sections of the configuration share."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

type Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
"""A finite number written as one: no text, no true/false."""


class Section(BaseModel):
    """A mapping of known keys: frozen, unknown keys refused, given values never shown in errors."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        str_strip_whitespace=True,
    )
