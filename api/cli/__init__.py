"""The `convene` command. Each module beside this one is a command or a group of them."""

import sys

import typer

from api.cli import (
    ask,
    batch,
    bench,
    demo,
    evaluate,
    experts,
    keys,
    logs,
    profile,
    route,
    schema,
    serve,
    status,
    validate,
)
from api.cli.exits import exit_code
from api.cli.version import version_option

app = typer.Typer(
    name="convene",
    help="Answers each question with the right panel of LLMs.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    callback=version_option,
)
app.command()(demo.demo)
app.command()(serve.serve)
app.command()(ask.ask)
app.command()(batch.batch)
app.command()(route.route)
app.command()(profile.profile)
app.command("eval")(evaluate.evaluate)
app.command()(schema.schema)
app.command()(validate.validate)
app.command()(status.status)
app.command()(logs.logs)
app.command()(bench.bench)
app.add_typer(experts.app, name="experts")
app.add_typer(keys.app, name="keys")


def main() -> None:
    """Exits with 0 if all is done, 1 if work failed, 2 if the input or the configuration is
    wrong, 130 after Ctrl-C."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        code = exit_code(error)
        if code is None:
            raise  # a bug, with its traceback
        typer.echo(f"convene: {error}", err=True)
        sys.exit(code)
