"""What stands before an MLflow server elsewhere: a base path, and basic authentication."""

import base64
from dataclasses import dataclass, field

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from gristmill.tracking.address import MlflowAddress

BASE = "/team/mlflow"
USER, PASSWORD = "gristmill", "s3cret-of-the-front"
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


@dataclass
class Front:
    """Passes on what is authorized, below `BASE`. `version` is answered instead of the server's own where it is set."""

    behind: MlflowAddress
    password: str = PASSWORD
    version: str | None = None
    seen: list[tuple[str, str]] = field(default_factory=list)  # method and path of each request that came
    authorizations: set[str] = field(default_factory=set)

    @property
    def app(self) -> Starlette:
        return Starlette(routes=[Route("/{path:path}", self.answer, methods=METHODS)])

    async def answer(self, request: Request) -> Response:
        given = request.headers.get("authorization", "")
        self.seen.append((request.method, request.url.path))
        self.authorizations.add(given)
        if given != "Basic " + base64.b64encode(f"{USER}:{self.password}".encode()).decode():
            return PlainTextResponse("log in", 401, headers={"www-authenticate": "Basic"})
        if not request.url.path.startswith(f"{BASE}/"):
            return PlainTextResponse("nothing is here", 404)
        if self.version is not None and request.url.path == f"{BASE}/version":
            return PlainTextResponse(self.version)
        kept = {name: value for name, value in request.headers.items() if name not in {"authorization", "host"}}
        path = request.scope["raw_path"].decode().removeprefix(BASE)
        async with self.behind.async_client(httpx.Timeout(60)) as client:
            query = f"?{request.url.query}" if request.url.query else ""
            answer = await client.request(request.method, f"{path}{query}", headers=kept, content=await request.body())
        names = ("content-type", "x-mlflow-workspace")
        return Response(
            answer.content,
            answer.status_code,
            headers={name: answer.headers[name] for name in names if name in answer.headers},
        )
