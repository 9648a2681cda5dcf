"""Scenes in which the light changes: alone, and just as somebody walks in. For judging motion detection."""

from dataclasses import dataclass, replace

from fakecam.scene import Place, Scene, Switch, Walk

_ENTERS = Walk(20.5, 8.0)


@dataclass(frozen=True, slots=True)
class LightCase:
    """A scene by name; what moves in it, if anything, is told by `fakecam.sightings`."""

    name: str
    scene: Scene


def light_set(
    width: int = 640, height: int = 360, fps: int = 10, seconds: float = 40.0
) -> tuple[LightCase, ...]:
    """Return the set: the first cases hold light alone, those named `… and a person` a walk as well."""
    base, somebody = Scene(width, height, fps, seconds), (_ENTERS,)
    lamp = (Switch(20.0, True),)
    blinking = (Switch(10.0, True), Switch(20.0, False), Switch(30.0, True))
    scenes = {
        "nothing": base,
        "lamp at night": replace(base, night=True, lamp=blinking),
        "lamp by day": replace(base, lamp=blinking),
        "infrared": replace(base, night=True, infrared=blinking),
        "exposure drifts": replace(base, exposure=0.15),
        "clouds": replace(base, clouds=0.25),
        "clouds in a room": replace(base, place=Place.ROOM, clouds=0.2),
        "noise at night": replace(base, night=True, noise=6.0),
        "lamp at night and a person": replace(base, night=True, lamp=lamp, walks=somebody),
        "infrared and a person": replace(base, night=True, infrared=lamp, walks=somebody),
        "exposure drifts and a person": replace(base, exposure=0.15, walks=somebody),
        "clouds and a person": replace(base, clouds=0.25, walks=somebody),
        "rain and a person": replace(base, rain=0.3, walks=somebody),
        "a person": replace(base, walks=somebody),
    }
    return tuple(LightCase(name, scene) for name, scene in scenes.items())
