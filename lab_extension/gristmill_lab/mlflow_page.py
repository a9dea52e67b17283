"""MLflow's first page as it is shown below Jupyter's address: what its scripts may do, and what they send along."""

import base64
import hashlib
import html
import re

# Jupyter takes no request that changes something without what its own cookie says, which other sites cannot read.
# JupyterLab sends it in the same way.
_SCRIPT = """<script>(() => {
  const header = 'X-XSRFToken';
  const token = () => /(?:^|; )_xsrf=([^;]*)/.exec(document.cookie)?.[1] ?? '';
  const changes = (method, url) =>
    !['GET', 'HEAD'].includes(method.toUpperCase()) && new URL(url, location.href).origin === location.origin;
  const { fetch } = window;
  window.fetch = (what, how) => {
    const request = new Request(what, how);
    if (changes(request.method, request.url)) request.headers.set(header, token());
    return fetch(request);
  };
  const { open } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.open = function (method, url, ...rest) {
    open.call(this, method, url, ...(rest.length ? rest : [true]));
    if (changes(method, url)) this.setRequestHeader(header, token());
  };
})();</script>"""
_INLINE = re.compile(rb"<script>(.*?)</script>", re.DOTALL)

# What a notebook made is shown as if from nowhere, and whatever else is no page is shown as none.
SANDBOXED = "sandbox; default-src 'none'; frame-ancestors 'self'"
# Of MLflow's own build, which runs only where its first page lets it.
STATIC = "frame-ancestors 'self'"


def prepared(page: bytes) -> tuple[bytes, str]:
    """The page with our script before all others, and the policy that lets these run and no other that gets into it.

    The page shares its origin with Jupyter: a script that came with a tag or a description would act as the person.
    """
    page = page.replace(b"<head>", b"<head>" + _SCRIPT.encode(), 1)
    hashes = " ".join(f"'sha256-{_digest(script)}'" for script in _INLINE.findall(page))
    return page, "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' 'unsafe-eval' {hashes}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "media-src 'self' data: blob:",
            "frame-src 'self' blob:",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'self'",
        )
    )


def waiting(message: str) -> bytes:
    """A page that asks again by itself, where MLflow is just starting."""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="2">'
        f"<title>MLflow</title><p>{html.escape(message)}</p></html>"
    ).encode()


def _digest(script: bytes) -> str:
    return base64.b64encode(hashlib.sha256(script).digest()).decode()
