"""What the OSS test server makes of pictures that are asked for with `x-oss-process`.

Resizing, format and quality as documented, done by Pillow, so with other bits than OSS's own; its limits and
its errors:
https://www.alibabacloud.com/help/en/oss/user-guide/resize-images-4
https://www.alibabacloud.com/help/en/oss/user-guide/common-errors
"""

from collections.abc import Mapping, Sequence
from io import BytesIO

from PIL import Image, UnidentifiedImageError

from testing.oss_buckets import StoredObject
from testing.oss_signature import Refusal

MAX_BYTES = 20 * 2**20
MAX_SIDE = 30_000
FORMATS = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP", "bmp": "BMP"}
TAKEN = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF")


class _RefusedError(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def processed(found: StoredObject, process: str, styles: Mapping[str, str]) -> StoredObject | Refusal:
    """Return what a GET with this parameter is answered with.

    The answer tells as little as OSS may: neither ETag nor time, and the checksum is that of the original, as
    it has been seen to be (aliyun-oss-go-sdk, pull request 168).
    """
    try:
        if process.startswith("style/"):
            process = styles[process.removeprefix("style/")]
    except KeyError:
        return Refusal(404, "NoSuchStyle", "The style does not exist.")
    try:
        made, form = _made(_opened(found.data), process.removeprefix("image/").split("/"))
    except _RefusedError as refused:
        return Refusal(400, refused.code, str(refused))
    except (KeyError, ValueError, IndexError):
        return Refusal(400, "InvalidArgument", "The argument is invalid.")
    checksum = {"x-oss-hash-crc64ecma": found.headers["x-oss-hash-crc64ecma"]}
    return StoredObject(made, {"Content-Type": Image.MIME[form], **checksum})


def _opened(data: bytes) -> Image.Image:
    try:
        image = Image.open(BytesIO(data), formats=TAKEN)
    except UnidentifiedImageError as error:
        raise _RefusedError("BadRequest", "This image format is not supported.") from error
    if len(data) > MAX_BYTES or max(image.size) > MAX_SIDE:
        raise _RefusedError("ImageTooLarge", "Image size exceeds the limit.")
    return image


def _made(image: Image.Image, actions: Sequence[str]) -> tuple[bytes, str]:
    """Return the file that the actions make of a picture, and its format."""
    form, options = str(image.format), dict[str, int]()
    for action in actions:
        name, *values = action.split(",")
        given = dict(value.partition("_")[::2] for value in values)
        match name:
            case "resize":
                image = _resized(image, given)
            case "format":
                form = FORMATS[values[0]]
            case "quality":
                options["quality"] = int(given["q"])
            case _:
                raise ValueError(name)
    file = BytesIO()
    (image.convert("RGB") if form == "JPEG" else image).save(file, form, **options)
    return file.getvalue(), form


def _resized(image: Image.Image, given: Mapping[str, str]) -> Image.Image:
    """Fit the picture into a box without enlarging it: `m_lfit` and `limit_1`, the defaults."""
    if given.keys() - {"w", "h", "l"}:
        raise ValueError(given)
    longest = given.get("l")
    box = (int(given.get("w") or longest or MAX_SIDE), int(given.get("h") or longest or MAX_SIDE))
    small = image.copy()
    small.thumbnail(box, Image.Resampling.BICUBIC)
    return small
