"""The rule that gives each request its answer, for the small server and for nginx."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.payloads import HEADERS, MANY_HEADERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def answer_to(target: str) -> str:
    """Return the name of the answer to a path with its query."""
    if target.startswith("/v2/customer_sessions/"):
        return "large" if target.startswith("/v2/customer_sessions/large") else "session"
    if target.startswith("/v1/"):
        return "v1"
    return "event" if "silent=no" in target else "silent"  # as the API: silent unless told otherwise


_NGINX = """\
daemon off;
master_process off;
error_log stderr crit;
pid {folder}/nginx.pid;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    default_type application/json;
    types {{ }}
    keepalive_requests 1000000000;
    keepalive_timeout 3600s;
    client_max_body_size 1m;
    client_body_buffer_size 256k;
    open_file_cache max=16;
    output_buffers 2 256k;
    # nginx adds ETag and Accept-Ranges to files; the API does not send them
    etag off;
    max_ranges 0;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{servers}}}
"""

_SERVER = """\
    server {{
        listen 127.0.0.1:{plain};
        listen 127.0.0.1:{secure} ssl;
        ssl_certificate {folder}/own.pem;
        ssl_certificate_key {folder}/own.pem;
        root {folder};
        add_header Last-Modified "";
{headers}
        location ~ ^/(event|session|large|v1)\\.json$ {{ internal; }}
        # nginx refuses to post or put a file with 405; the error page is the file
        location /v2/customer_sessions/large {{ error_page 404 405 =200 /large.json; }}
        location /v2/customer_sessions/ {{ error_page 404 405 =200 /session.json; }}
        location /v1/ {{ error_page 404 405 =200 /v1.json; }}
        location /v2/events {{
            if ($arg_silent != no) {{ return 204; }}
            error_page 404 405 =200 /event.json;
        }}
    }}
"""


def nginx_config(folder: Path, ports: Sequence[int]) -> str:
    """Return the configuration of nginx; the ports are in the order of `Server`."""
    usual = _server(folder, ports[:2], HEADERS)
    return _NGINX.format(folder=folder, servers=usual + _server(folder, ports[2:], MANY_HEADERS))


def _server(folder: Path, ports: Sequence[int], headers: Mapping[str, str]) -> str:
    lines = "\n".join(f"        add_header {name} '{text}';" for name, text in headers.items())
    plain, secure = ports
    return _SERVER.format(folder=folder, plain=plain, secure=secure, headers=lines)
