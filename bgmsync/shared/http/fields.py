"""Field types for what services send: strict about what identifies a thing, lenient about what only describes it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WrapValidator
from pydantic import ValidatorFunctionWrapHandler as Handler

T = TypeVar("T")

LARGEST_ID = 2**63 - 1
LARGEST_NUMBER = 2**31 - 1


class Answered(BaseModel):
    """What a service answered. Unknown fields are ignored, and errors never quote the input."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True, frozen=True)


def _none_if_wrong(value: object, handler: Handler) -> object:
    try:
        return handler(value)
    except ValidationError:
        return None


def _text(value: object) -> str:
    """Databases refuse NUL and halves of surrogate pairs, which JSON can spell."""
    if not isinstance(value, str):
        return ""
    return value.replace("\0", "").encode("utf-8", "replace").decode()


def _written_out(value: object) -> object:
    if isinstance(value, datetime) or (isinstance(value, str) and "-" in value):
        return value
    raise ValueError("should be a date written out")


def _aware(moment: datetime) -> datetime:
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    try:
        moment.astimezone(UTC)
    except OverflowError:  # such as the first hours of the year 1 in the east: no database can hold it
        raise ValueError("a time outside of the calendar") from None
    return moment


Soft = Annotated[T | None, WrapValidator(_none_if_wrong)]
"""None instead of a wrong type."""

Id = Annotated[int, Field(strict=True, gt=0, le=LARGEST_ID)]
Number = Annotated[int, Field(strict=True, ge=0, le=LARGEST_NUMBER)]
Text = Annotated[str, BeforeValidator(_text)]
"""Empty when absent or of a wrong type."""

SoftId = Soft[Annotated[int, Field(gt=0, le=LARGEST_ID)]]
SoftNumber = Soft[Annotated[int, Field(ge=0, le=LARGEST_NUMBER)]]

Instant = Annotated[datetime, AfterValidator(_aware), BeforeValidator(_written_out)]
"""An aware datetime. A bare number is not taken for a time stamp."""


def first_problem(error: ValidationError) -> str:
    """Say in one line what a model did not like, without quoting the input."""
    problem = error.errors(include_input=False, include_url=False, include_context=False)[0]
    place = ".".join(str(part) for part in problem["loc"])
    return f"{place}: {problem['msg']}" if place else problem["msg"]
