"""The settings of hashindex: environment, then `.env`, then `hashindex.toml`, both of the working folder.

Nothing is read on import: the command line calls `load_settings` once, and hands plain values on.
"""

import logging
import os
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from hashindex.errors import ConfigurationError
from hashindex.keys import MAX_ID

PREFIX = "HASHINDEX_"
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
        env_file=".env",
        toml_file=TOML_FILE,
        extra="ignore",
        frozen=True,
        env_ignore_empty=True,
    )

    milvus_uri: str = Field("hashindex.db", min_length=1)
    """A file name for Milvus Lite, or `http://host:19530` and `https://...` for a server or cluster."""
    milvus_token: SecretStr = SecretStr("")
    """`user:password` or an API key; empty where the server asks for none."""
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
    max_pixels: int = Field(100_000_000, ge=1)
    max_bytes: int = Field(64 * 2**20, ge=1)
    workers: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1, le=1_024)
    """Threads that read and decode pictures."""

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


def load_settings(**flags: object) -> Settings:
    """Read the settings; `flags` that are not None beat them all.

    ConfigurationError when a value is malformed, or `hashindex.toml` has a key that is no setting.
    """
    try:
        settings = Settings(**{name: value for name, value in flags.items() if value is not None})  # type: ignore[arg-type]
        unknown = {
            name.lower() for name in TomlConfigSettingsSource(Settings)()
        } - Settings.model_fields.keys()
    except ValidationError as exc:
        first = exc.errors(include_input=False, include_url=False)[0]
        name = str(first["loc"][0]).upper().removeprefix(PREFIX)
        name = name if name.startswith("OSS_") else PREFIX + name
        raise ConfigurationError(f"the setting {name} is wrong: {first['msg']}.") from None
    except ValueError as exc:
        raise ConfigurationError(f"{TOML_FILE} cannot be read: {exc}.") from exc
    if unknown:
        raise ConfigurationError(
            f"{TOML_FILE} has {min(unknown)!r}, which is no setting{_meant(min(unknown))}."
        )
    for name in os.environ:
        if name.startswith(PREFIX) and name.removeprefix(PREFIX).lower() not in Settings.model_fields:
            _log.warning("%s is no setting of hashindex%s.", name, _meant(name.removeprefix(PREFIX).lower()))
    return settings


def _meant(name: str) -> str:
    close = get_close_matches(name, Settings.model_fields, n=1)
    return f"; {close[0]!r} is one" if close else ""
