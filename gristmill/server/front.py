"""What a browser finds at the control plane's address: what answers here, and where to go on. It says nothing else."""

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from gristmill import __version__

# For everybody who reaches this port: no token is asked for, so nothing of the home, its runs or people is told.
router = APIRouter(include_in_schema=False)

# Nothing is loaded, nothing runs, and no other page shows this one.
_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
}
# Links are relative: a proxy may have put the control plane below a path of its own.
_PAGE = f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Gristmill</title>
<style>body {{ font: 1rem/1.6 system-ui, sans-serif; margin: 3rem auto; max-width: 38rem; padding: 0 1rem }}</style>
<h1>Gristmill</h1>
<p>The control plane, version {__version__}.</p>
<ul>
<li><a href="mlflow/">MLflow's pages</a>, once <code>gristmill open mlflow</code> has opened them in this browser
<li><a href="openapi.json">The HTTP API</a>, as an OpenAPI document; its routes ask for a token
</ul>
<p>In a shell, <code>gristmill --help</code> lists all commands, and <code>gristmill server status</code> says how
things stand.</p>
</html>
"""


@router.api_route("/", methods=["GET", "HEAD"], response_class=HTMLResponse)
def front() -> Response:
    return HTMLResponse(_PAGE, headers=_HEADERS)
