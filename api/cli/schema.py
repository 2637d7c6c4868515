"""`convene schema`: what may stand in the file."""

from api.cli import terminal


def schema() -> None:
    """Print the JSON schema of the file that lists the experts, for editors and checkers."""
    from api.settings import Settings

    terminal.document(Settings.model_json_schema())
