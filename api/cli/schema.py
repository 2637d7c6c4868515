"""`convene schema`: what may stand in the file, and what may be asked over HTTP."""

from typing import Annotated

import typer

from api.cli import terminal


def schema(
    openapi: Annotated[
        bool, typer.Option("--openapi", help="Of the HTTP API instead: its OpenAPI document.")
    ] = False,
) -> None:
    """Print the JSON schema of the file that lists the experts, for editors and checkers."""
    if openapi:
        from api.app import create_app
        from api.build import opened
        from api.settings import load_settings

        app = create_app(lambda: opened(load_settings(None)))  # nothing is opened for it
        terminal.document(app.openapi())
        return
    from api.settings import Settings

    terminal.document(Settings.model_json_schema())
