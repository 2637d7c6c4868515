"""As much of a model hub as telling about models needs, on this machine."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

COMMIT = "0" * 40


class Handler(BaseHTTPRequestHandler):
    """Of one request. Names with `gated` in them ask for a licence to be accepted."""

    def __init__(self, models: Path, *arguments: Any) -> None:
        self._models = models
        super().__init__(*arguments)

    def do_GET(self) -> None:
        parts = self.path.partition("?")[0].strip("/").split("/")
        if parts[:2] == ["api", "models"]:
            self._about(self._models.joinpath(*parts[2:4]), parts)
        elif "resolve" in parts:
            self._file(self._models.joinpath(*parts[:2]), parts[-1])
        else:
            self._refuse("RepoNotFound")

    do_HEAD = do_GET  # noqa: N815 - the library looks it up by this name

    def log_message(self, *_: object) -> None:
        pass

    def _about(self, folder: Path, parts: list[str]) -> None:
        if not folder.is_dir():
            self._refuse("RepoNotFound")
            return
        files = {path.name: path.stat().st_size for path in sorted(folder.iterdir())}
        about: Any = {
            "id": "/".join(parts[2:4]),
            "sha": COMMIT,
            "siblings": [{"rfilename": name} for name in files],
        }
        if "tree" in parts:
            oid = "1" * 40
            about = [{"type": "file", "path": n, "size": s, "oid": oid} for n, s in files.items()]
        self._send(json.dumps(about).encode(), {"Content-Type": "application/json"})

    def _file(self, folder: Path, name: str) -> None:
        if not folder.is_dir():
            self._refuse("RepoNotFound")
        elif "gated" in folder.name:
            self._refuse("GatedRepo", 403)
        elif not (folder / name).is_file():
            self._refuse("EntryNotFound")
        else:
            headers = {"ETag": f'"{name}"', "X-Repo-Commit": COMMIT}
            self._send((folder / name).read_bytes(), headers)

    def _refuse(self, code: str, status: int = 404) -> None:
        self._send(b"", {"X-Error-Code": code, "X-Error-Message": code}, status)

    def _send(self, body: bytes, headers: Mapping[str, str], status: int = 200) -> None:
        asked = self.headers.get("Range", "").removeprefix("bytes=")
        if status == 200 and asked:
            first, _, last = asked.partition("-")
            body, status = body[int(first) : int(last) + 1 if last else None], 206
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


@contextmanager
def serving(models: Path) -> Iterator[str]:
    """A hub of the models in `models/org/name/`; its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, models)) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
