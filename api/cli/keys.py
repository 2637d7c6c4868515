"""`convene keys`: who may ask, and how much."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from api.cli import terminal
from api.cli.ask import Json
from api.cli.config import Config, settings_of
from api.keys.credentials import new_id, new_token, sealed
from api.keys.key import Key, Role, document
from api.keys.limits import Limit, Limits, Unit

if TYPE_CHECKING:
    from pathlib import Path

    from api.keys.records import Records

app = typer.Typer(
    help="Make keys, list them, give them new secrets, revoke them.", no_args_is_help=True
)
T = TypeVar("T")
DAY = 86_400  # seconds
LONGEST_NAME = 64
Rates = list[str] | None
Which = Annotated[str, typer.Argument(help="The key's id or name.", show_default=False)]


def _rate(unit: Unit, example: str) -> Any:
    return typer.Option(
        f"--{unit}", help=f"Most {unit} in a time, such as {example}. May be repeated."
    )


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What you call it.", show_default=False)],
    config: Config = None,
    role: Annotated[Role, typer.Option(help="An admin may do all that HTTP offers.")] = Role.USE,
    tenant: Annotated[
        str | None, typer.Option(help="Whose it is; keys of one share data.", show_default="NAME")
    ] = None,
    requests: Annotated[Rates, _rate(Unit.REQUESTS, "60/minute")] = None,
    tokens: Annotated[Rates, _rate(Unit.TOKENS, "100000/day")] = None,
    dollars: Annotated[Rates, _rate(Unit.DOLLARS, "2.50/month")] = None,
    concurrent: Annotated[
        int | None, typer.Option(min=1, help="Most requests in flight.", show_default="no limit")
    ] = None,
    days: Annotated[
        float | None, typer.Option(min=0, help="Days it is good for.", show_default="for ever")
    ] = None,
    json: Json = False,
) -> None:
    """Make a key and print it; it is never shown again."""
    written = {Unit.REQUESTS: requests, Unit.TOKENS: tokens, Unit.DOLLARS: dollars}
    limits = _limits(written, concurrent)
    id, now = new_id(), time.time()
    token = new_token(id)
    expires = None if days is None else now + days * DAY
    whose = _label(name if tenant is None else tenant, "tenant")
    key = Key(id, _label(name, "name"), whose, role, limits, (sealed(token),), now, expires)
    first = _with_records(config, lambda records: _added(records, key))
    _show(key, token, json)
    if first:
        terminal.note("This is the first key: restart a service on 127.0.0.1 to ask for keys.")


@app.command("list")
def listed(config: Config = None, json: Json = False) -> None:
    """List the keys, revoked and expired ones too; never their secrets."""
    now = time.time()
    keys = _with_records(config, lambda records: records.all())
    if json:
        terminal.document([{**document(key), "state": key.state(now)} for key in keys])
        return
    from rich.table import Table
    from rich.text import Text

    table = Table("id", "name", "tenant", "role", "limits", "state")
    for key in keys:
        cells = (key.id, key.name, key.tenant, key.role.value, _told(key.limits), key.state(now))
        table.add_row(*(Text(cell) for cell in cells))
    terminal.table(table)


@app.command()
def revoke(which: Which, config: Config = None, json: Json = False) -> None:
    """Refuse a key from now on, in every running service. Its record stays."""
    now = time.time()

    def revoked(key: Key) -> Key:
        return key if key.revoked is not None else replace(key, revoked=now)

    key = _with_records(config, lambda records: _changed(records, which, revoked))
    if json:
        terminal.document({**document(key), "state": key.state(now)})
    else:
        terminal.text(f"{key.id} ({key.name}) is revoked", end="\n")


@app.command()
def rotate(
    which: Which,
    config: Config = None,
    overlap_seconds: Annotated[
        float, typer.Option(min=0, help="How long the old secret still counts.")
    ] = 0.0,
    json: Json = False,
) -> None:
    """Give a key a new secret and print it; limits and what was used stay."""
    now = time.time()
    made: list[str] = []

    def rotated(key: Key) -> Key:
        if not key.usable(now):
            raise typer.BadParameter(f"{key.id} is {key.state(now)}; create a new key instead")
        made.append(new_token(key.id))
        return key.rotated(sealed(made[-1]), now, overlap_seconds)

    key = _with_records(config, lambda records: _changed(records, which, rotated))
    _show(key, made[-1], json)


async def _added(records: "Records", key: Key) -> bool:
    """Whether it is the first."""
    first = not await records.any()
    await records.add(key)
    return first


async def _changed(records: "Records", which: str, change: Callable[[Key], Key]) -> Key:
    return await records.change((await records.named(which)).id, change)


def _with_records(config: "Path | None", work: Callable[["Records"], Awaitable[T]]) -> T:
    settings = settings_of(config)
    from api.keys.records import Records
    from api.storage import connected

    async def working() -> T:
        async with connected(settings) as redis:
            return await work(Records(redis))

    return asyncio.run(working())


def _limits(written: dict[Unit, Rates], concurrent: int | None) -> Limits:
    try:
        rates = [Limit.written(unit, text) for unit in written for text in written[unit] or ()]
        return Limits(tuple(rates), concurrent)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _label(text: str, what: str) -> str:
    if not text.strip() or not text.isprintable() or len(text) > LONGEST_NAME:
        raise typer.BadParameter(f"a {what} is 1 to {LONGEST_NAME} printable characters")
    return text


def _show(key: Key, token: str, json: bool) -> None:
    if json:
        terminal.document({**document(key), "key": token})
        return
    terminal.text(token, end="\n")  # alone on stdout, to be piped where it belongs
    terminal.note(f"Key {key.id} ({key.name}). Keep it: it is not shown again.")


def _told(limits: Limits) -> str:
    rates: Sequence[str] = [f"{limit} {limit.unit}" for limit in limits.rates]
    concurrent = [] if limits.concurrent is None else [f"{limits.concurrent} at once"]
    return ", ".join([*rates, *concurrent])
