"""The settings of hashindex: environment, then `.env`, then `hashindex.toml`, both of the working folder.

Nothing is read on import: the command line calls `load_settings` once, and hands plain values on.
"""

import logging
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from dotenv.parser import parse_stream
from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from hashindex.errors import ConfigurationError, HashIndexError, InvalidArgumentError
from hashindex.keys import MAX_ID
from hashindex.records import MAX_BYTES, MAX_PIXELS, WAIT_SECONDS
from hashindex.uris import server_address

PREFIX = "HASHINDEX_"
ENV_FILE = Path(".env")
TOML_FILE = Path("hashindex.toml")


_log = logging.getLogger(__name__)


def _oss(name: str) -> AliasChoices:
    return AliasChoices(f"OSS_{name.upper()}", f"oss_{name}")


class Settings(BaseSettings):
    """Every setting with its default.

    The variables are the field names in capitals, after `HASHINDEX_`; those of OSS keep the names that its
    users know.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=ENV_FILE,
        toml_file=TOML_FILE,
        extra="ignore",
        frozen=True,
        env_ignore_empty=True,
        hide_input_in_errors=True,
    )

    milvus_uri: str = Field("hashindex.db", min_length=1)
    """A file name for Milvus Lite, or `http://host:19530` and `https://...` for a server or cluster."""
    milvus_token: SecretStr = SecretStr("")
    """`user:password` or an API key; empty where the server asks for none."""
    other_token: SecretStr = SecretStr("")
    """The same for the second server, where a command reads from one and writes to another."""
    milvus_ca_file: Path | None = None
    """Certificates (PEM) that vouch for a server with TLS, where the system's do not."""
    collection: str = Field("image_hash", pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,200}$")
    index_type: Literal["auto", "BIN_FLAT", "BIN_IVF_FLAT"] = "auto"
    nlist: int | None = Field(None, ge=1, le=65_536)
    """Clusters of a BIN_IVF_FLAT index; chosen from the number of pictures expected where unset."""
    nprobe: int | None = Field(None, ge=1, le=65_536)
    """Clusters that a search looks into; chosen for the recall promised where unset."""
    company_id: int | None = Field(None, ge=0, le=MAX_ID)
    """The scope of commands that name none, for people who have just one company."""
    wait_seconds: float = Field(WAIT_SECONDS, ge=0, le=86_400)
    """How long to wait for others: for a Milvus Lite file that another process has open, and for the turn to
    write for a company."""
    lock_folder: Path = Path("~/.local/state/hashindex/locks")
    """Where the locks lie by which processes of one machine take turns: the same for all that write to an
    index. `~` is the user's home."""
    max_pixels: int = Field(MAX_PIXELS, ge=1)
    max_bytes: int = Field(MAX_BYTES, ge=1)
    workers: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1, le=1_024)
    """Threads that decode and hash pictures."""
    in_flight: int = Field(64, ge=1, le=1_024)
    """Pictures that are being fetched or wait for their decoding."""
    oss_requests: int | None = Field(None, ge=1, le=1_024)
    """Most requests to OSS under way at once; as many as pictures in flight where unset."""
    oss_bytes_per_second: int | None = Field(None, ge=1)
    """What pictures from OSS may bring over the network, all connections together; no limit where unset."""
    source_timeout_seconds: float = Field(30.0, gt=0, le=3_600)
    """How long a source over the network may be silent before a request counts as failed."""
    source_attempts: int = Field(5, ge=1, le=100)
    """How often a request to such a source is tried in all, where trying again can help."""

    oss_access_key_id: str | None = Field(None, validation_alias=_oss("access_key_id"))
    oss_access_key_secret: SecretStr | None = Field(None, validation_alias=_oss("access_key_secret"))
    oss_session_token: SecretStr | None = Field(None, validation_alias=_oss("session_token"))
    oss_endpoint: str | None = Field(None, validation_alias=_oss("endpoint"))
    oss_region: str | None = Field(None, validation_alias=_oss("region"))
    oss_bucket: str | None = Field(None, validation_alias=_oss("bucket"))
    """The bucket meant by `oss:///key`, a URI without one."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put the sources in order, the strongest first."""
        del file_secret_settings
        return init_settings, env_settings, dotenv_settings, TomlConfigSettingsSource(settings_cls)

    @field_validator("milvus_uri")
    @classmethod
    def _address_or_file(cls, value: str) -> str:
        if "://" in value:
            server_address(value)
        return value

    @field_validator("lock_folder")
    @classmethod
    def _same_from_everywhere(cls, value: Path) -> Path:
        if not (value.is_absolute() or str(value).startswith("~")):
            raise ValueError("it must be the same from every working folder, as /var/lock/hashindex is")
        return value

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Leave out the `user:password@` of an address; the other secrets hide themselves."""
        for name, value in super().__repr_args__():
            yield name, re.sub("(?<=://)[^/]*@", "", value) if name == "milvus_uri" else value


def load_settings(**flags: object) -> Settings:
    """Read the settings; `flags` that are not None beat them all.

    ConfigurationError when a value is malformed, or `hashindex.toml` has a key that is no setting;
    InvalidArgumentError when it is a flag that is malformed.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    _refuse_unknown_keys()
    variables = {*os.environ, *_dotenv_variables()}
    settings = _checked(given)
    _warn_of_unknown(variables)
    _log.debug("%r", settings)
    return settings


def changed(settings: Settings, **flags: object) -> Settings:
    """Return the settings with others in their place; InvalidArgumentError when one is malformed."""
    return _checked({**settings.model_dump(), **flags})


def _checked(given: Mapping[str, object]) -> Settings:
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as exc:
        raise _malformed(exc, given) from None


def _refuse_unknown_keys() -> None:
    try:
        keys = TomlConfigSettingsSource(Settings)()
    except (OSError, ValueError) as exc:
        raise ConfigurationError(f"{TOML_FILE} cannot be read: {exc}.") from exc
    fields = Settings.model_fields
    for key in sorted(keys):
        if key.lower() not in {*fields, *map(str.lower, _variables())}:
            meant = _meant(key, {field: field for field in fields})
            raise ConfigurationError(f"{TOML_FILE} has {key!r}, which is no setting{meant}.")


def _dotenv_variables() -> set[str]:
    if not ENV_FILE.is_file():
        return set()
    try:
        with ENV_FILE.open(encoding="utf-8") as file:
            lines = list(parse_stream(file))
    except (OSError, ValueError) as exc:
        raise ConfigurationError(f"{ENV_FILE} cannot be read: {exc}.") from exc
    for line in lines:
        if line.error:
            _log.warning("line %d of %s is not NAME=VALUE, and is passed over.", line.original.line, ENV_FILE)
    return {line.key for line in lines if line.key}


def _malformed(exc: ValidationError, flags: Mapping[str, object]) -> HashIndexError:
    """Say what is wrong with the first malformed value, without the value, which may be a secret."""
    first = exc.errors(include_input=False, include_url=False)[0]
    name, said = str(first["loc"][0]), first["msg"].removeprefix("Value error, ").removesuffix(".")
    said = re.sub("^(Input|String) ", "it ", said)
    if first["type"] == "string_pattern_mismatch":
        said = "it takes letters, digits and underscores, and no digit first"
    if name in flags:
        return InvalidArgumentError(f"--{name.replace('_', '-')} is wrong: {said}.")
    variable = {field: variable for variable, field in _variables().items()}.get(name, name.upper())
    return ConfigurationError(f"the setting {variable} is wrong: {said}.")


def _warn_of_unknown(variables: Iterable[str]) -> None:
    known = {variable.removeprefix(PREFIX): variable for variable in _variables()}
    for name in sorted({variable.upper() for variable in variables}):
        if name.startswith(PREFIX) and name not in known.values():
            meant = _meant(name.removeprefix(PREFIX), known)
            _log.warning("%s is no setting of hashindex%s.", name, meant)


def _variables() -> dict[str, str]:
    """Return the environment variables, and the setting that each one gives."""
    aliases = {name: field.validation_alias for name, field in Settings.model_fields.items()}
    return {
        str(alias.choices[0]) if isinstance(alias, AliasChoices) else PREFIX + name.upper(): name
        for name, alias in aliases.items()
    }


def _meant(name: str, known: Mapping[str, str]) -> str:
    """Suggest what is known by a name like this one."""
    close = get_close_matches(name, known, n=1)
    return f"; {known[close[0]]!r} is one" if close else ""
