"""What goes wrong with OSS, in two kinds and in our words.

The texts of oss2, requests and urllib3 hold URLs, key ids and signatures, and what a server sends may hold
anything: none of it passes into a sentence but codes and host names that look like such.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any
from xml.etree.ElementTree import ParseError

from hashindex.outcomes import Reason

_CODE = re.compile(r"[A-Za-z]{1,64}")
_HOST = re.compile(r"[a-z0-9.-]{1,253}")
_MENDS = {
    "AccessDenied": "grant this access key oss:GetObject on the objects and oss:ListObjects on the bucket",
    "InvalidAccessKeyId": "check OSS_ACCESS_KEY_ID, and OSS_SESSION_TOKEN where the key is a temporary one",
    "SignatureDoesNotMatch": "check OSS_ACCESS_KEY_SECRET and OSS_REGION",
    "InvalidSecurityToken": "check OSS_SESSION_TOKEN, or get a new temporary key",
    "SecurityTokenExpired": "get a new temporary key and set OSS_SESSION_TOKEN with it",
    "AccessKeyIdAndSecurityTokenNotMatch": "set OSS_SESSION_TOKEN to the one that came with this access key",
    "RequestTimeTooSkewed": "set this machine's clock, which is more than 15 minutes off",
    "InvalidObjectState": "it is archived or cold, so restore it in OSS before reading it",
    "UserDisable": "settle the account's debts in the Alibaba Cloud console",
}

_UNPROCESSED = {
    "BadRequest": "",
    "InvalidArgument": "",
    "MissingArgument": "",
    "NotImplemented": "",
    "WatermarkError": "",
    "ImageTooLarge": "it has more bytes or pixels than OSS processes",
}
"""What Image Processing answers for good, and what to say of it."""


class RefusedError(Exception):
    """This picture or listing cannot be had; becomes a `Rejected`."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class PassingError(Exception):
    """It did not work this time, and may the next."""


@contextmanager
def processing(style: str, bucket: str) -> Iterator[None]:
    """Say what it means that OSS did not make something else of a picture, which is final.

    Its codes: https://www.alibabacloud.com/help/en/oss/user-guide/common-errors
    """
    import oss2

    try:
        yield
    except oss2.exceptions.ServerError as error:
        if error.code == "NoSuchStyle":
            detail = f"the bucket {bucket} has no {style} (404 NoSuchStyle); make that style in OSS"
            raise RefusedError(Reason.SOURCE_ERROR, detail) from error
        if error.code in _UNPROCESSED:
            mend = _UNPROCESSED[error.code] or f"it is no picture that OSS processes, or {style} is wrong"
            detail = f"OSS does not process it ({error.status} {error.code}); {mend}"
            raise RefusedError(Reason.UNSUPPORTED, detail) from error
        raise


@contextmanager
def translated(*, bucket: str, endpoint: str, timeouts: tuple[float, float]) -> Iterator[None]:
    """Turn what oss2, requests and urllib3 raise into our two errors, without their texts.

    Those texts hold URLs, key ids and signatures.
    """
    import oss2
    import requests
    import urllib3

    try:
        yield
    except oss2.exceptions.RequestError as error:
        raise _no_answer(error.exception, endpoint, timeouts) from error
    except oss2.exceptions.ServerError as error:
        raise _answered(error, bucket) from error
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise PassingError("the answer of OSS stalled or was cut off") from error
    except (oss2.exceptions.OssError, ParseError, RuntimeError, ValueError) as error:
        raise PassingError("the answer is not what OSS answers; check OSS_ENDPOINT") from error


def _no_answer(error: Exception, endpoint: str, timeouts: tuple[float, float]) -> PassingError | RefusedError:
    import requests

    connect, read = timeouts
    match error:
        case requests.ConnectTimeout():
            return PassingError(f"no connection to {endpoint} within {connect:g} s; check OSS_ENDPOINT")
        case requests.Timeout():
            return PassingError(f"{endpoint} did not answer within {read:g} s")
        case requests.exceptions.SSLError():
            return PassingError(f"the certificate of {endpoint} was not accepted; check OSS_ENDPOINT")
        case requests.ConnectionError():
            return PassingError(f"the connection to {endpoint} failed; check OSS_ENDPOINT and the network")
    name = type(error).__name__
    return RefusedError(Reason.SOURCE_ERROR, f"the request could not be sent ({name}); check the settings")


def _answered(error: Any, bucket: str) -> PassingError | RefusedError:
    code = error.code if _CODE.fullmatch(error.code or "") else ""
    said = f"{error.status} {code}".strip()
    if error.status == HTTPStatus.TOO_MANY_REQUESTS or error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return PassingError(f"OSS answered {said}")
    if code == "NoSuchBucket":
        detail = f"there is no bucket {bucket} ({said}); check the name, and OSS_ENDPOINT or OSS_REGION"
        return RefusedError(Reason.NOT_FOUND, detail)
    if error.status == HTTPStatus.NOT_FOUND:
        return RefusedError(Reason.NOT_FOUND, f"there is no such object ({said})")
    other = error.details.get("Endpoint") or ""
    mend = f"set OSS_ENDPOINT to {other}" if _HOST.fullmatch(other) else _MENDS.get(code)
    if error.status == HTTPStatus.FORBIDDEN:
        mend = mend or "check what this access key may do"
        return RefusedError(Reason.FORBIDDEN, f"OSS refused it ({said}); {mend}")
    return RefusedError(Reason.SOURCE_ERROR, f"OSS answered {said}" + (f"; {mend}" if mend else ""))
