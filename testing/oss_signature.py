"""OSS's request signatures as the server checks them, V1 and V4, written from their definition.

V1: https://www.alibabacloud.com/help/en/oss/developer-reference/include-signatures-in-the-authorization-header
V4: https://www.alibabacloud.com/help/en/oss/developer-reference/recommend-to-use-signature-version-4
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import quote

MAX_CLOCK_SKEW = timedelta(minutes=15)
V4_AUTHORIZATION = re.compile(
    r"OSS4-HMAC-SHA256 Credential=(?P<id>[^/,]+)/(?P<date>\d{8})/(?P<region>[^/,]+)/oss/aliyun_v4_request"
    r"(?:,\s*AdditionalHeaders=(?P<before>[^,]*))?,\s*Signature=(?P<signature>[0-9a-f]{64})"
    r"(?:,\s*AdditionalHeaders=(?P<after>[^,]*))?"
)
V1_SUBRESOURCES = frozenset({
    "acl", "append", "bucketInfo", "callback", "continuation-token", "cors", "delete", "lifecycle",
    "location", "logging", "objectMeta", "partNumber", "position", "referer", "replication",
    "response-cache-control", "response-content-disposition", "response-content-encoding",
    "response-content-language", "response-content-type", "response-expires", "restore", "security-token",
    "stat", "style", "styleName", "symlink", "tagging", "uploadId", "uploads", "versionId", "versioning",
    "versions", "website", "x-oss-process",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Credentials:
    """One key pair that the server knows; with a token it is a temporary one."""

    access_key_id: str
    access_key_secret: str
    session_token: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """What came over the wire, decoded: key and query hold the characters that were meant."""

    method: str
    bucket: str
    key: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    """By lower-case name."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error answer, and what OSS adds to it."""

    status: int
    code: str
    message: str
    more: Mapping[str, str] = field(default_factory=dict)


def check(request: Request, credentials: Credentials, *, region: str, now: datetime) -> Refusal | None:
    """Return why OSS would not take the request's identity; None when it would."""
    authorization = request.headers.get("authorization", "")
    if v4 := V4_AUTHORIZATION.fullmatch(authorization):
        key_id, given = v4["id"], v4["signature"]
        additional = tuple(filter(None, (v4["before"] or v4["after"] or "").split(";")))
        to_sign = v4_string_to_sign(request, region=region, additional_headers=additional)
        expected = v4_signature(to_sign, credentials.access_key_secret)
    elif authorization.startswith("OSS "):
        key_id, _, given = authorization.removeprefix("OSS ").partition(":")
        to_sign = v1_string_to_sign(request)
        expected = v1_signature(to_sign, credentials.access_key_secret)
    elif authorization:
        return Refusal(400, "InvalidArgument", "Authorization header is invalid.")
    else:
        return Refusal(403, "AccessDenied", "Anonymous user has no right to access this bucket.")
    if refusal := _check_identity(request, credentials, key_id) or _check_clock(request, now):
        return refusal
    if not hmac.compare_digest(expected, given):
        text = "The request signature we calculated does not match the signature you provided."
        more = {"OSSAccessKeyId": key_id, "SignatureProvided": given, "StringToSign": to_sign}
        return Refusal(403, "SignatureDoesNotMatch", text, more)
    return None


def _check_identity(request: Request, credentials: Credentials, key_id: str) -> Refusal | None:
    token = request.headers.get("x-oss-security-token")
    if key_id != credentials.access_key_id or (credentials.session_token and not token):
        text = "The OSS Access Key Id you provided does not exist in our records."
        return Refusal(403, "InvalidAccessKeyId", text, {"OSSAccessKeyId": key_id})
    if token != credentials.session_token:
        return Refusal(403, "InvalidSecurityToken", "The security token you provided is invalid.")
    return None


def _check_clock(request: Request, now: datetime) -> Refusal | None:
    stamp = request.headers.get("x-oss-date") or request.headers.get("date", "")
    try:
        if stamp.endswith("Z"):
            sent = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        else:
            sent = parsedate_to_datetime(stamp)
    except ValueError:
        return Refusal(403, "AccessDenied", "OSS authentication requires a valid Date.")
    if abs(now - sent) > MAX_CLOCK_SKEW:
        text = "The difference between the request time and the current time is too large."
        return Refusal(403, "RequestTimeTooSkewed", text)
    return None


def v1_string_to_sign(request: Request) -> str:
    """Return what a V1 signature signs; the key stands in it as it is, not encoded."""
    headers = request.headers
    oss_headers = "".join(f"{k}:{v.strip()}\n" for k, v in sorted(headers.items()) if k.startswith("x-oss-"))
    signed = sorted((name, value) for name, value in request.query.items() if name in V1_SUBRESOURCES)
    subresources = "&".join(f"{name}={value}" if value else name for name, value in signed)
    resource = f"/{request.bucket}/{request.key}" + (f"?{subresources}" if subresources else "")
    return "\n".join((
        request.method,
        headers.get("content-md5", ""),
        headers.get("content-type", ""),
        headers.get("x-oss-date") or headers.get("date", ""),
        oss_headers + resource,
    ))  # fmt: skip


def v1_signature(string_to_sign: str, secret: str) -> str:
    """Return the signature in base64."""
    return base64.b64encode(hmac.digest(secret.encode(), string_to_sign.encode(), "sha1")).decode()


def v4_string_to_sign(request: Request, *, region: str, additional_headers: tuple[str, ...] = ()) -> str:
    """Return what a V4 signature signs: time, scope, and the hash of the canonical request."""
    pairs = sorted((quote(name, safe="~"), quote(value, safe="~")) for name, value in request.query.items())
    signed = {"content-type", "content-md5", *additional_headers}
    canonical = "\n".join((
        request.method,
        quote(f"/{request.bucket}/{request.key}", safe="/~"),
        "&".join(f"{name}={value}" if value else name for name, value in pairs),
        "".join(
            f"{name}:{value.strip()}\n"
            for name, value in sorted(request.headers.items())
            if name in signed or name.startswith("x-oss-")
        ),
        ";".join(sorted(additional_headers)),
        request.headers.get("x-oss-content-sha256", ""),
    ))  # fmt: skip
    stamp = request.headers.get("x-oss-date", "")
    scope = f"{stamp[:8]}/{region}/oss/aliyun_v4_request"
    return "\n".join(("OSS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()))


def v4_signature(string_to_sign: str, secret: str) -> str:
    """Return the signature in hex: a chain of HMAC-SHA256 over the parts of the scope, then the string."""
    key = b"aliyun_v4" + secret.encode()
    for part in string_to_sign.split("\n")[2].split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, string_to_sign.encode(), "sha256").hex()
