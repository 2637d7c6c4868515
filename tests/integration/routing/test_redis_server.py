"""The private Redis server: shared by processes, stopped by the last, never lost by a crash."""

import asyncio
import fcntl
import os
import sys
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as Unreachable

from routing.redis_program import RedisServerError
from routing.redis_server import MEMBER as MEMBER_NAME
from routing.redis_server import private_redis

MEMBER = """
import asyncio, pathlib, sys
from routing.redis_server import private_redis

async def main():
    async with private_redis(pathlib.Path(sys.argv[1])) as url:
        print(url, flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""


@asynccontextmanager
async def client_of(url):
    async with Redis.from_url(url, decode_responses=True) as client:
        yield client


@asynccontextmanager
async def another_process(folder):
    """A process that uses the folder's server until its input ends."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", MEMBER, str(folder)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(30):
            process.url = (await process.stdout.readline()).decode().strip()
        yield process
    finally:
        process.stdin.close()
        await process.wait()


async def reachable(url):
    async with client_of(url) as client:
        try:
            return await client.ping()
        except Unreachable:
            return False


async def answering(url):
    async with asyncio.timeout(20):
        while not await reachable(url):  # noqa: ASYNC110 - another process starts it
            await asyncio.sleep(0.05)


async def counted(client, members):
    """Until so many processes are known to use the server."""
    async with asyncio.timeout(20):
        while [each["name"] for each in await client.client_list()].count(MEMBER_NAME) < members:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def pid_of(url):
    async with client_of(url) as client:
        return (await client.info("server"))["process_id"]


async def test_what_was_written_is_there_after_a_restart_and_no_port_is_open(tmp_path):
    async with private_redis(tmp_path / "data") as url, client_of(url) as client:
        await client.set("name", "ada")
        assert await client.config_get("port") == {"port": "0"}
    assert not await reachable(url)
    async with private_redis(tmp_path / "data") as url, client_of(url) as client:
        assert await client.get("name") == "ada"


async def test_a_folder_name_may_have_spaces_and_signs(tmp_path):
    async with private_redis(tmp_path / "my data%20 #1 é") as url:
        assert await reachable(url)


async def test_a_path_too_long_for_a_socket_is_no_obstacle(tmp_path):
    folder = tmp_path / ("x" * 120)
    async with private_redis(folder) as first, private_redis(folder) as second:
        assert first == second
        assert len(first) < 108
        assert await reachable(first)
    async with private_redis(folder) as again:
        assert again == first


async def test_many_that_start_at_once_share_one_server(tmp_path):
    async def use():
        async with private_redis(tmp_path) as url:
            started = await pid_of(url)
            await barrier.wait()
            return url, started

    barrier = asyncio.Barrier(8)
    used = await asyncio.gather(*(use() for _ in range(8)))
    assert len(set(used)) == 1
    assert not await reachable(used[0][0])


async def test_the_server_stays_until_the_last_process_leaves(tmp_path):
    async with another_process(tmp_path) as starter:
        async with private_redis(tmp_path) as url:
            assert url == starter.url
            server = await pid_of(url)
            starter.stdin.close()
            assert await starter.wait() == 0
            assert await pid_of(url) == server
        assert not await reachable(url)


async def test_a_killed_process_does_not_keep_the_server_running(tmp_path):
    async with another_process(tmp_path) as starter:
        async with private_redis(tmp_path) as url:
            starter.kill()
            await starter.wait()
            assert await reachable(url)
        assert not await reachable(url)


async def test_a_killed_server_leaves_nothing_in_the_way_and_loses_nothing(tmp_path):
    async with private_redis(tmp_path) as url, client_of(url) as client:
        await client.set("name", "ada")
        process = await asyncio.create_subprocess_exec("kill", "-9", str(await pid_of(url)))
        await process.wait()
    assert (tmp_path / "redis.sock").exists()
    async with private_redis(tmp_path) as url, client_of(url) as client:
        assert await client.get("name") == "ada"


async def test_a_server_that_dies_is_started_again_for_all_who_use_it(tmp_path):
    async with another_process(tmp_path), private_redis(tmp_path) as url:
        async with client_of(url) as client:
            await client.set("name", "ada")
        died = await pid_of(url)
        await (await asyncio.create_subprocess_exec("kill", "-9", str(died))).wait()
        await answering(url)
        async with client_of(url) as client:
            assert await client.get("name") == "ada"
            assert await pid_of(url) != died
            await counted(client, 2)


async def test_damaged_data_is_refused_with_the_servers_words_and_a_remedy(tmp_path):
    async with private_redis(tmp_path) as url, client_of(url) as client:
        for i in range(100):
            await client.set(f"name {i}", "ada")
    [data] = [file for file in tmp_path.rglob("appendonly.aof*") if file.stat().st_size > 2000]
    data.write_bytes(data.read_bytes().replace(b"name 5", b"n", 1))
    with pytest.raises(RedisServerError, match=r"redis-check-aof --fix(?s:.*)append only file"):
        async with private_redis(tmp_path):
            pass


async def test_a_server_that_hangs_is_given_up_at_the_deadline(tmp_path):
    async with private_redis(tmp_path) as url:
        server = str(await pid_of(url))
        await (await asyncio.create_subprocess_exec("kill", "-STOP", server)).wait()
        try:
            with pytest.raises(RedisServerError, match=r"gave no answer for 0\.2 s"):
                async with private_redis(tmp_path, seconds=0.2):
                    pass
        finally:
            await (await asyncio.create_subprocess_exec("kill", "-CONT", server)).wait()


async def test_a_process_stuck_while_starting_is_named_as_the_reason(tmp_path):
    with (tmp_path / "redis.turn").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        with pytest.raises(RedisServerError, match="another process has been starting"):
            async with private_redis(tmp_path, seconds=0.05):
                pass


async def test_a_file_cannot_be_the_data_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RedisServerError, match="cannot be a data folder: File exists"):
        async with private_redis(tmp_path / "file"):
            pass


@pytest.fixture
def server_on_path(tmp_path, monkeypatch):
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    return folder / "redis-server"


async def test_a_redis_server_on_path_is_preferred(server_on_path, tmp_path):
    server_on_path.write_text("#!/bin/sh\necho 'Illegal instruction here'; exit 3\n")
    server_on_path.chmod(0o755)
    with pytest.raises(RedisServerError, match=r"redis-server did not start.*Illegal instruction"):
        async with private_redis(tmp_path / "data"):
            pass


async def test_data_of_a_newer_redis_is_not_silently_ignored(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    (tmp_path / "appendonlydir").mkdir()
    with pytest.raises(RedisServerError, match="written by Redis 7 or later"):
        async with private_redis(tmp_path):
            pass


async def test_cancelling_leaves_the_server_as_leaving_does(tmp_path):
    entered = asyncio.Event()
    urls = []

    async def use():
        async with private_redis(tmp_path) as url:
            urls.append(url)
            entered.set()
            await asyncio.Event().wait()

    using = asyncio.create_task(use())
    await asyncio.wait_for(entered.wait(), 30)
    using.cancel()
    await asyncio.wait([using])
    assert not await reachable(urls[0])
