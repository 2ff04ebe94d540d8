"""The connection to one endpoint of OSS: its buckets, over one pool, asked for with one access key."""

import logging
import re
import threading
from typing import Any

from hashindex.errors import ConfigurationError

_ENDPOINT = re.compile(r"https?://[A-Za-z0-9_.-]+(:[0-9]{1,5})?")


class OssConnection:
    """Makes oss2's buckets, each once; nothing is connected, and oss2 not imported, before the first."""

    def __init__(
        self,
        *,
        access_key_id: str | None,
        access_key_secret: str | None,
        session_token: str | None,
        endpoint: str | None,
        region: str | None,
        pool_size: int,
        timeouts: tuple[float, float],
    ) -> None:
        """Take the credentials as they come; `timeouts` are those of connecting and of a silence, seconds."""
        self._key_id = (access_key_id or "").strip()
        self._key_secret = (access_key_secret or "").strip()
        self._token = (session_token or "").strip()
        self._region = (region or "").strip().removeprefix("oss-")
        self.endpoint = _full_endpoint((endpoint or "").strip(), self._region)
        self._pool_size, self.timeouts = pool_size, timeouts
        self._lock = threading.Lock()
        self._session: Any = None  # oss2 has no types
        self._buckets: dict[str, Any] = {}

    def bucket(self, name: str) -> Any:
        """Return oss2's bucket; ConfigurationError where credentials or the endpoint are missing."""
        with self._lock:
            if name not in self._buckets:
                self._buckets[name] = self._connected(name)
            return self._buckets[name]

    def close(self) -> None:
        """Close the pooled connections."""
        with self._lock:
            if self._session is not None:
                self._session.close()

    def _connected(self, name: str) -> Any:
        import oss2
        import requests

        from hashindex.sources.oss_session import OssSession

        self._check_settings()
        if self._session is None:
            _silence_oss2()
            self._session = OssSession(self._pool_size)
        provider = oss2.StaticCredentialsProvider(self._key_id, self._key_secret, self._token)
        bucket = oss2.Bucket(
            oss2.ProviderAuthV4(provider) if self._region else oss2.ProviderAuth(provider),
            self.endpoint,
            name,
            session=self._session,
            connect_timeout=self.timeouts,  # requests takes (connect, read)
            region=self._region or None,
            enable_crc=False,  # ours is computed in `oss_content`
        )
        url = bucket._make_url(name, "")  # noqa: SLF001  # the host, which NO_PROXY may name
        known = requests.Session().merge_environment_settings(url, {}, None, None, None)
        bucket.proxies, self._session.verify = dict(known["proxies"]), known["verify"]
        return bucket

    def _check_settings(self) -> None:
        required = {
            "OSS_ACCESS_KEY_ID": self._key_id,
            "OSS_ACCESS_KEY_SECRET": self._key_secret,
            "OSS_ENDPOINT (or OSS_REGION)": self.endpoint,
        }
        missing = [name for name, value in required.items() if not value]
        if missing:
            raise ConfigurationError(f"Pictures on oss:// need these to be set: {', '.join(missing)}.")
        if not _ENDPOINT.fullmatch(self.endpoint):
            raise ConfigurationError(
                "OSS_ENDPOINT (or OSS_REGION) does not name a host; "
                "set OSS_ENDPOINT like https://oss-cn-hangzhou.aliyuncs.com, or OSS_REGION like cn-hangzhou."
            )


def _full_endpoint(endpoint: str, region: str) -> str:
    if not endpoint:
        return f"https://oss-{region}.aliyuncs.com" if region else ""
    # For a bare host oss2 would take http, and send everything in the clear.
    endpoint = endpoint.rstrip("/")
    return endpoint if "://" in endpoint else f"https://{endpoint}"


def _silence_oss2() -> None:
    """Keep oss2's chatter out of every log: it holds key ids, session tokens and signatures."""
    for name in ("oss2.api", "oss2.auth", "oss2.http"):
        logging.getLogger(name).addFilter(_is_warning)


def _is_warning(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING
