"""From the checked tree to process settings: defaults merged, paths absolute, rules across keys held."""

import os
import stat
from pathlib import Path
from typing import Final

from vigilar.config.cameras import CameraConfig
from vigilar.config.credentials import StreamResolver
from vigilar.config.document import SECRETS_FILE, Document, KeyPath
from vigilar.config.places import places_of
from vigilar.config.problems import Problem, problem_at
from vigilar.config.retention import CameraRetentionConfig, RetentionConfig
from vigilar.config.section import Section
from vigilar.config.tree import VigilarConfig
from vigilar.domain.settings import (
    DAY_S,
    ApiSettings,
    BackupSettings,
    CameraRetention,
    CaptureSettings,
    ConditionSettings,
    CoreCamera,
    CoreSettings,
    LookCamera,
    LookSettings,
    MotionSettings,
    RecordingSettings,
    RetentionSettings,
    Zone,
)

# The kernel's limit for a Unix socket's path is 108 bytes on Linux, 104 on macOS, its closing zero included.
_SOCKET_PATH_BYTES: Final = 103
_READABLE_BY_OTHERS: Final = stat.S_IRGRP | stat.S_IROTH


class Resolver:
    """Makes settings of one checked tree; what is wrong gathers in `problems`, doubts in `warnings`."""

    def __init__(self, document: Document, config: VigilarConfig) -> None:
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self._document = document
        self._config = config
        self._folder = document.path.parent
        self._streams = StreamResolver(document, self.problems, self.warnings)
        places = places_of(self._folder, config.storage, config.database)
        self._root, self._keys, self._data = places.root, places.keys, places.data
        self._run, self._database = places.run, places.database
        self._check_socket_paths()
        self._check_secrets_mode()

    def core(self) -> CoreSettings:
        """Return what the core is told: all cameras, no address."""
        config = self._config
        return CoreSettings(
            cameras=tuple(self._core_camera(name, camera) for name, camera in config.cameras.items()),
            storage_root=str(self._root),
            key_dir=str(self._keys),
            data_dir=str(self._data),
            run_dir=str(self._run),
            database_url=f"sqlite:///{self._database}",
            api=ApiSettings(
                enabled=config.api.enabled,
                host=config.api.host,
                port=config.api.port,
                token_hash_file=str(self._keys / "api_token.hash"),
            ),
            retention=RetentionSettings(
                max_bytes=config.retention.max_bytes,
                min_free=config.retention.min_free,
                other=_kept(config.retention, CameraRetentionConfig()),
            ),
            time_zone=config.time_zone or "",
            backup=self._backup(),
            log_level=config.logging.level.upper(),
            log_format=config.logging.format,
        )

    def look(self) -> LookSettings:
        """Return what `look` is told: enabled cameras."""
        return LookSettings(
            cameras=tuple(
                LookCamera(name, self._motion(camera), camera.sub is not None, self._condition(camera))
                for name, camera in self._config.cameras.items()
                if camera.enabled
            ),
            run_dir=str(self._run),
            log_level=self._config.logging.level.upper(),
            log_format=self._config.logging.format,
        )

    def captures(self) -> tuple[CaptureSettings, ...]:
        """Return one entry per enabled camera. The streams of disabled ones are checked all the same."""
        made = [
            (self._capture(name, camera), camera.enabled) for name, camera in self._config.cameras.items()
        ]
        return tuple(capture for capture, enabled in made if capture is not None and enabled)

    # --- cameras ------------------------------------------------------------------------------------

    def _core_camera(self, name: str, camera: CameraConfig) -> CoreCamera:
        return CoreCamera(
            camera=name,
            name=camera.name or name.replace("_", " ").capitalize(),
            enabled=camera.enabled,
            mode=_merged(self._config.recording, camera.recording).mode,
            motion=self._motion(camera),
            has_sub=camera.sub is not None,
            retention=_kept(self._config.retention, camera.retention),
            condition=self._condition(camera),
        )

    def _capture(self, name: str, camera: CameraConfig) -> CaptureSettings | None:
        path: KeyPath = ("cameras", name)
        main = self._streams.settings(camera.main, (*path, "main"))
        sub = self._streams.settings(camera.sub, (*path, "sub")) if camera.sub else None
        recording = self._recording(camera, path)
        if main is None or (camera.sub and sub is None):
            return None
        return CaptureSettings(
            camera=name,
            main=main,
            sub=sub,
            recording=recording,
            storage_root=str(self._root),
            key_dir=str(self._keys),
            run_dir=str(self._run),
            log_level=self._config.logging.level.upper(),
            log_format=self._config.logging.format,
        )

    def _recording(self, camera: CameraConfig, path: KeyPath) -> RecordingSettings:
        chosen = _merged(self._config.recording, camera.recording)
        if chosen.max_clip <= chosen.pre_roll + chosen.post_roll:
            own = "max_clip" in camera.recording.model_fields_set
            where: KeyPath = (*path, "recording", "max_clip") if own else (*path, "recording")
            self._problem(
                where,
                f"max_clip ({chosen.max_clip:g}) leaves no room beside pre_roll ({chosen.pre_roll:g}) "
                f"and post_roll ({chosen.post_roll:g})",
                f"max_clip above {chosen.pre_roll + chosen.post_roll:g}",
            )
        return RecordingSettings(
            mode=chosen.mode,
            pre_roll_s=chosen.pre_roll,
            post_roll_s=chosen.post_roll,
            max_clip_s=chosen.max_clip,
            segment_s=chosen.segment,
            audio=chosen.audio,
        )

    def _motion(self, camera: CameraConfig) -> MotionSettings:
        chosen = _merged(self._config.motion, camera.motion)
        return MotionSettings(
            enabled=chosen.enabled,
            sensitivity=chosen.sensitivity,
            min_area=chosen.min_area,
            include=_zones(chosen.include),
            exclude=_zones(chosen.exclude),
            idle_looks_per_s=chosen.idle_looks,
            active_looks_per_s=max(chosen.active_looks, chosen.idle_looks),
            thrift=chosen.thrift,
        )

    def _condition(self, camera: CameraConfig) -> ConditionSettings:
        return ConditionSettings(**_merged(self._config.condition, camera.condition).model_dump())

    # --- paths --------------------------------------------------------------------------------------

    def _path(self, text: str) -> Path:
        return Path(os.path.normpath(self._folder / Path(text).expanduser()))

    def _backup(self) -> BackupSettings:
        config = self._config.backup
        return BackupSettings(
            enabled=config.enabled,
            path=str(self._path(config.path) if config.path else self._data / "backups"),
            keep=config.keep,
            hour=config.hour,
            config_file=str(self._document.path),
            left_out=tuple(
                str(self._path(file))
                for camera in self._config.cameras.values()
                for stream in (camera.main, camera.sub)
                if stream is not None
                for file in (stream.url_file, stream.password_file)
                if file is not None
            ),
        )

    def _check_socket_paths(self) -> None:
        longest = max((f"packets-{name}.sock" for name in self._config.cameras), key=len)
        size = len(os.fsencode(self._run / longest))
        if size > _SOCKET_PATH_BYTES:
            self._problem(
                ("storage", "run"),
                f"the folder for sockets is too long: {longest} in {self._run} takes {size} of "
                f"{_SOCKET_PATH_BYTES} bytes that the system allows",
                "a shorter folder, for example /run/vigilar",
            )

    def _check_secrets_mode(self) -> None:
        secrets = self._document.path.with_name(SECRETS_FILE)
        if secrets.exists() and secrets.stat().st_mode & _READABLE_BY_OTHERS:
            self.warnings.append(
                Problem(
                    SECRETS_FILE,
                    0,
                    "",
                    "other users of this machine can read it",
                    f"chmod 600 {SECRETS_FILE}",
                )
            )

    def _problem(self, path: KeyPath, message: str, right: str = "") -> None:
        self.problems.append(problem_at(self._document, path, message, right))


def _merged[S: Section](general: S, own: S) -> S:
    """Return the general section with the keys that the camera's own section sets."""
    return general.model_copy(update={name: getattr(own, name) for name in own.model_fields_set})


def _zones(zones: dict[str, tuple[tuple[float, float], ...]]) -> tuple[Zone, ...]:
    return tuple(Zone(name, points) for name, points in zones.items())


def _kept(general: RetentionConfig, own: CameraRetentionConfig) -> CameraRetention:
    """Return a camera's limits: the general ages but for its own, and its own budget."""
    set_here = own.model_fields_set
    clips = own.max_age if "max_age" in set_here else general.max_age
    segments = own.max_age_segments if "max_age_segments" in set_here else general.max_age_segments
    return CameraRetention(own.max_bytes, _seconds(clips), _seconds(segments))


def _seconds(days: float | None) -> float | None:
    return None if days is None else days * DAY_S
