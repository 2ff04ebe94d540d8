"""How oss2's requests are sent: straight through the adapter of requests, which keeps the connections.

What a session of requests does for each request beside that (cookies, hooks, redirects, looking through the
environment for proxies and for a .netrc, whose password would take the place of the signature) takes longer
than sending it, and none of it is wanted here. OSS redirects nothing that is asked for with a signature.
"""

from typing import Any
from urllib.parse import urlencode

import oss2
import requests
from requests.adapters import HTTPAdapter


class OssSession(oss2.Session):  # type: ignore[misc]  # oss2 has no types
    """Takes the place of oss2's own session; one for all buckets and threads."""

    def __init__(self, pool_size: int) -> None:  # instead of the inherited one, which makes such a session
        self._adapter = HTTPAdapter(pool_connections=pool_size, pool_maxsize=pool_size)
        self.verify: bool | str = True
        """Certificates as requests takes them."""

    def do_request(self, req: Any, timeout: tuple[float, float]) -> Any:
        """Send a request of oss2, whose texts are ASCII; RequestError where there is no answer."""
        request = requests.PreparedRequest()
        request.method = req.method
        request.url = f"{req.url}?{urlencode(req.params)}" if req.params else req.url
        request.headers = req.headers
        request.headers.pop("Accept-Encoding", None)  # without it none is accepted
        try:
            answer = self._adapter.send(
                request, stream=True, timeout=timeout, verify=self.verify, proxies=req.proxies
            )
        except (requests.RequestException, ValueError) as error:  # ValueError: of a header
            raise oss2.exceptions.RequestError(error) from error
        return oss2.http.Response(answer)

    def close(self) -> None:
        """Close the connections that nobody uses."""
        self._adapter.close()
