"""A camera's streams as they stand in the file."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SecretStr, StrictBool

from vigilar.config.section import Number, Section
from vigilar.domain.settings import Transport

type Timeout = Annotated[Number, Field(gt=0, le=120)]


class StreamConfig(Section):
    """Where one stream comes from."""

    url: SecretStr | None = Field(
        None,
        description="An address with the scheme rtsp, rtsps, http or https, or the path of a video file",
        examples=["rtsp://192.0.2.10:554/stream1"],
    )
    url_file: str | None = Field(None, description="A file that holds the address")
    url_env: str | None = Field(None, description="An environment variable that holds the address")
    username: str | None = Field(None, description="The user name at the camera")
    password: SecretStr | None = Field(
        None,
        description="The password at the camera, better as a reference",
        examples=["!secret front_password"],
    )
    password_file: str | None = Field(None, description="A file that holds the password")
    password_env: str | None = Field(None, description="An environment variable that holds the password")
    transport: Transport = Field(Transport.TCP, description="How RTP is carried: tcp or udp")
    open_timeout: Timeout = Field(
        10.0, description="Seconds to wait for the camera to answer, up to 120", examples=[10]
    )
    read_timeout: Timeout = Field(
        8.0, description="Seconds without a packet until the camera counts as lost, up to 120", examples=[8]
    )
    tls_verify: StrictBool = Field(
        False,
        description="Whether rtsps and https demand a certificate that the system trusts (true or false)",
    )
    loop: StrictBool = Field(
        False, description="Whether a video file starts again at its end (true or false)"
    )


def _from_address(value: Any) -> Any:
    return {"url": value} if isinstance(value, str) else value


type Stream = Annotated[
    StreamConfig, BeforeValidator(_from_address, json_schema_input_type=str | StreamConfig)
]
"""A stream, written as its address alone or as a mapping."""
