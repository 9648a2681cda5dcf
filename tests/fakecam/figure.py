"""A walking person, drawn limb by limb."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from fakecam.places import Colour, Picture
from fakecam.scene import Walk

_HORIZON = 0.42
"""Height in the picture at which a figure would be nought tall."""


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a figure stands and how: feet and height in pixels, `phase` of its step (radians), heading ±1."""

    x: float
    y: float
    height: float
    phase: float
    heading: int

    def box(self, width: int, height: int) -> tuple[int, int, int, int] | None:
        """Return left, top, right, bottom (even numbers) of what it covers, or None outside the picture."""
        reach = 0.34 * self.height
        left, right = max(0, int(self.x - reach)), min(width, int(self.x + reach) + 1)
        top, bottom = (
            max(0, int(self.y - 1.04 * self.height)),
            min(height, int(self.y + 0.06 * self.height) + 1),
        )
        if left >= right or top >= bottom:
            return None
        return left & ~1, top & ~1, min(width, (right + 1) & ~1), min(height, (bottom + 1) & ~1)


def pose(walk: Walk, at_s: float, width: int, height: int) -> Pose | None:
    """Return how the walker stands at a moment of the scene, or None while it is away."""
    share = (at_s - walk.at_s) / walk.seconds
    if not 0 <= share < 1:
        return None
    x = walk.start[0] + (walk.end[0] - walk.start[0]) * share
    y = walk.start[1] + (walk.end[1] - walk.start[1]) * share
    tall = walk.height * height * max(0.15, (y - _HORIZON) / (1 - _HORIZON))
    heading = 1 if walk.end[0] >= walk.start[0] else -1
    return Pose(x * width, y * height, tall, 2 * math.pi * (at_s - walk.at_s) * 0.95, heading)


def draw(patch: Picture, left: int, top: int, pose: Pose, light: float) -> None:
    """Draw the figure into a patch of the picture (BGR) whose corner is (left, top); `light` dims it."""
    artist = _Artist(patch, pose, left, top, light)
    artist.shadow()
    swing = math.sin(pose.phase)
    artist.arm(-swing, (92, 70, 52))
    artist.leg(-swing, (58, 50, 46))
    artist.leg(swing, (70, 60, 54))
    artist.torso()
    artist.arm(swing, (112, 84, 62))
    artist.head()


class _Artist:
    """Draws with the figure's height as the unit, feet at the origin, x forward, y up."""

    def __init__(self, patch: Picture, pose: Pose, left: int, top: int, light: float) -> None:
        self.patch, self.pose, self.light = patch, pose, light
        self.origin = (pose.x - left, pose.y - top)
        self.bounce = 0.012 * abs(math.cos(pose.phase))

    def at(self, x: float, y: float) -> tuple[int, int]:
        """Return the pixel, in sixteenths, of a point of the figure."""
        unit = self.pose.height
        px = self.origin[0] + self.pose.heading * x * unit
        return round(16 * px), round(16 * (self.origin[1] - (y + self.bounce) * unit))

    def shade(self, colour: Colour) -> Colour:
        """Return a colour as it looks in this light."""
        b, g, r = (min(255, round(part * self.light)) for part in colour)
        return b, g, r

    def limb(self, points: list[tuple[float, float]], thick: float, colour: Colour) -> None:
        """Draw a bent limb."""
        width = max(2, round(thick * self.pose.height))
        corners = [np.array([self.at(x, y) for x, y in points], np.int32)]
        cv2.polylines(self.patch, corners, False, self.shade(colour), width, cv2.LINE_AA, 4)

    def shadow(self) -> None:
        """Darken the ground under the feet."""
        mask = np.zeros(self.patch.shape[:2], np.uint8)
        size = (round(16 * 0.22 * self.pose.height), round(16 * 0.03 * self.pose.height))
        cv2.ellipse(mask, self.at(0.02, 0.012 - self.bounce), size, 0, 0, 360, 110, -1, cv2.LINE_AA, 4)
        reach = max(3, round(0.03 * self.pose.height))
        soft = cv2.blur(mask, (reach, reach)).astype(np.float32)[..., None] / 255
        self.patch[:] = (self.patch * (1 - soft)).astype(np.uint8)

    def leg(self, swing: float, colour: Colour) -> None:
        """One leg: hip, knee, ankle, toes; the knee bends as the leg comes forward."""
        angle = 0.46 * swing
        bend = angle - max(0.0, 0.75 * math.cos(self.pose.phase) * (1 if swing > 0 else -1)) * 0.55
        knee = (0.245 * math.sin(angle), 0.50 - 0.245 * math.cos(angle))
        ankle = (knee[0] + 0.235 * math.sin(bend), knee[1] - 0.235 * math.cos(bend))
        self.limb([(0.0, 0.50), knee, ankle], 0.088, colour)
        self.limb([ankle, (ankle[0] + 0.07, ankle[1] - 0.008)], 0.05, (34, 32, 30))

    def arm(self, swing: float, colour: Colour) -> None:
        """One arm: it swings against the leg of its side."""
        angle = -0.55 * swing
        elbow = (0.155 * math.sin(angle), 0.80 - 0.155 * math.cos(angle))
        hand = (elbow[0] + 0.14 * math.sin(angle + 0.35), elbow[1] - 0.14 * math.cos(angle + 0.35))
        self.limb([(0.0, 0.80), elbow, hand], 0.062, colour)
        cv2.circle(
            self.patch, self.at(*hand), self.radius(0.028), self.shade((130, 160, 206)), -1, cv2.LINE_AA, 4
        )

    def torso(self) -> None:
        """The jacket."""
        outline = [(-0.075, 0.83), (0.07, 0.83), (0.088, 0.70), (0.075, 0.47), (-0.075, 0.47), (-0.09, 0.68)]
        corners = [np.array([self.at(x, y) for x, y in outline], np.int32)]
        cv2.fillPoly(self.patch, corners, self.shade((104, 78, 56)), cv2.LINE_AA, 4)

    def head(self) -> None:
        """Neck, face and hair."""
        self.limb([(0.0, 0.82), (0.008, 0.88)], 0.06, (124, 152, 198))
        cv2.circle(
            self.patch,
            self.at(0.012, 0.925),
            self.radius(0.068),
            self.shade((136, 168, 214)),
            -1,
            cv2.LINE_AA,
            4,
        )
        size = (self.radius(0.072), self.radius(0.066))
        cv2.ellipse(
            self.patch, self.at(-0.006, 0.94), size, 0, 160, 370, self.shade((38, 48, 66)), -1, cv2.LINE_AA, 4
        )

    def radius(self, share: float) -> int:
        """Return a length in sixteenths of a pixel."""
        return max(16, round(16 * share * self.pose.height))
