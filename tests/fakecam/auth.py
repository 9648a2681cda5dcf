"""Passwords as cameras ask for them: Basic, and Digest with MD5 or SHA-256."""

import base64
import binascii
import hashlib
import re
import secrets

from fakecam.spec import Auth, CameraSpec

_FIELD = re.compile(r'(\w+)=(?:"([^"]*)"|([^,\s]+))')


class Gate:
    """Asks for the password of one camera."""

    def __init__(self, spec: CameraSpec) -> None:
        self._spec = spec
        self._nonces: set[str] = set()

    def challenge(self) -> list[str]:
        """Return the WWW-Authenticate headers of a refusal."""
        nonce, realm = secrets.token_hex(16), f'realm="{self._spec.name}"'
        self._nonces.add(nonce)
        digest = f'WWW-Authenticate: Digest {realm}, nonce="{nonce}"'
        match self._spec.asks:
            case Auth.DIGEST:
                return [digest]
            case Auth.DIGEST_SHA256:
                return [f'{digest}, algorithm=SHA-256, qop="auth"']
            case Auth.BOTH:
                return [digest, f"WWW-Authenticate: Basic {realm}"]
            case _:
                return [f"WWW-Authenticate: Basic {realm}"]

    def admits(self, method: str, header: str) -> bool:
        """Return whether a request with this Authorization header may pass."""
        asks = self._spec.asks
        if asks is Auth.NONE:
            return True
        scheme, _, rest = header.partition(" ")
        match scheme.lower():
            case "basic":
                return asks in {Auth.BASIC, Auth.BOTH} and self._basic(rest)
            case "digest":
                return asks is not Auth.BASIC and self._digest(method, rest)
        return False

    def _basic(self, text: str) -> bool:
        try:
            given = base64.b64decode(text).decode()
        except (binascii.Error, UnicodeDecodeError):
            return False
        return given == f"{self._spec.user}:{self._spec.password}"

    def _digest(self, method: str, text: str) -> bool:
        fields = {key.lower(): quoted or plain for key, quoted, plain in _FIELD.findall(text)}
        spec, nonce = self._spec, fields.get("nonce", "")
        secret = self._hash(f"{spec.user}:{spec.name}:{spec.password}")
        request = self._hash(f"{method}:{fields.get('uri', '')}")
        count = [fields.get("nc", ""), fields.get("cnonce", ""), fields["qop"]] if "qop" in fields else []
        expected = self._hash(":".join([secret, nonce, *count, request]))
        return (
            fields.get("username") == spec.user
            and nonce in self._nonces
            and fields.get("response") == expected
        )

    def _hash(self, text: str) -> str:
        name = "sha256" if self._spec.asks is Auth.DIGEST_SHA256 else "md5"
        return hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()
