"""Usage errors as one sentence that names the fix.

Typer has no public names for its errors, and puts some facts only into their texts; tests check each kind of error.
"""

import re
from difflib import get_close_matches

from pydantic import ValidationError
from typer._click.core import Context, Parameter
from typer._click.exceptions import (
    BadOptionUsage,
    BadParameter,
    ClickException,
    MissingParameter,
    NoSuchOption,
    UsageError,
)
from typer.core import TyperGroup

CLOSE = 0.6


def one_sentence(error: ClickException) -> str:
    """Return what is wrong with the command line, and the fix, in one line."""
    return " ".join(_sentence(error).split()).removesuffix(".")


def _sentence(error: ClickException) -> str:
    match error:
        case NoSuchOption():
            return _unknown_option(error)
        case BadOptionUsage():
            return _wrong_option(error)
        case MissingParameter():
            return _missing_parameter(error)
        case BadParameter():
            return _wrong_value(error)
        case UsageError(ctx=Context() as context):
            return _wrong_argument(error.format_message(), context)
        case _:
            return error.format_message()


def _unknown_option(error: NoSuchOption) -> str:
    context = error.ctx
    if context is None:
        return error.format_message()
    options = [each for each in context.command.get_params(context) if each.param_type_name == "option"]
    close = _close_to(error.option_name, [spelling for each in options for spelling in each.opts])
    fix = close or f"{context.command_path} has {', '.join(map(_name, options))}"
    return f"there is no option {error.option_name}: {fix}"


def _wrong_option(error: BadOptionUsage) -> str:
    option = error.option_name
    if "does not take a value" in error.message:
        return f"{option} takes no value: write {option} alone"
    return f"{option} needs a value: write {option} VALUE"


def _missing_parameter(error: MissingParameter) -> str:
    if error.param is None or error.ctx is None:
        return error.format_message()
    return f"{_name(error.param)} is missing: write {error.ctx.command_path} {' '.join(_required(error.ctx))}"


def _wrong_value(error: BadParameter) -> str:
    name = _name(error.param) if error.param else "the command line"
    cause = error.__cause__
    value = f" {cause.errors()[0]['input']}" if isinstance(cause, ValidationError) else ""
    message = error.message.removeprefix("Value error, ")
    if choice := re.fullmatch(r"'.*' is not one of (.*?)\.?", message):
        message = f"choose from {choice[1].replace(chr(39), '')}"
    message = re.sub(r"^Input should be ([^,]*).*", r"it must be \1", message)
    return f"{name}{value}: {message}"


def _wrong_argument(message: str, context: Context) -> str:
    command = context.command
    if (unknown := re.match(r"No such command '(.*?)'", message)) and isinstance(command, TyperGroup):
        names = command.list_commands(context)
        fix = _close_to(unknown[1], names) or f"choose from {', '.join(names)}"
        return f"there is no command {unknown[1]!r}: {fix}"
    if extra := re.search(r"unexpected extra argument\(s\) \((.*)\)", message):
        arguments = " ".join(_written(each) for each in command.params if each.param_type_name == "argument")
        takes = f"only {arguments}" if arguments else "options only"
        return f"{context.command_path} takes {takes}: leave out {extra[1]}"
    return message


def _close_to(text: str, known: list[str]) -> str | None:
    close = get_close_matches(text, known, n=1, cutoff=CLOSE)
    return f"did you mean {close[0]}?" if close else None


def _required(context: Context) -> list[str]:
    return [_written(each) for each in context.command.params if each.required]


def _written(parameter: Parameter) -> str:
    """Return how to write a parameter: ``NAME`` for an argument, ``--since ISO`` for an option."""
    value = parameter.metavar or parameter.name.upper()
    return value if parameter.param_type_name == "argument" else f"{_name(parameter)} {value}"


def _name(parameter: Parameter) -> str:
    return _written(parameter) if parameter.param_type_name == "argument" else max(parameter.opts, key=len)
