"""Icons: each light can be told by shape alone, in its colour, on any panel and at any size."""

from __future__ import annotations

from itertools import combinations

import pytest
from PIL import Image, ImageChops, ImageOps

from traymon.core.vocabulary import Light
from traymon.ui.icons import argb, draw

SIZES = [16, 20, 22, 24, 32, 48, 64]
PANELS = {"dark": (30, 30, 34), "mid-grey": (128, 128, 128), "light": (245, 245, 245)}
COLOURS = {
    Light.GREEN: (0x00, 0x9E, 0x73),
    Light.AMBER: (0xE6, 0x9F, 0x00),
    Light.RED: (0xD3, 0x2F, 0x2F),
    Light.GREY: (0x6E, 0x6E, 0x6E),
}
INK = {Light.GREEN: 255, Light.AMBER: 26, Light.RED: 255, Light.GREY: 255}

every_light = pytest.mark.parametrize("light", Light, ids=lambda light: light.word)
every_size = pytest.mark.parametrize("size", SIZES)
every_panel = pytest.mark.parametrize("panel", PANELS.values(), ids=PANELS.keys())


def on_panel(light: Light, size: int, panel: tuple[int, int, int]) -> Image.Image:
    seen = Image.new("RGB", (size, size), panel)
    picture = draw(light, size)
    seen.paste(picture, mask=picture)
    return seen


def grey_level(colour: tuple[int, int, int]) -> int:
    level = Image.new("RGB", (1, 1), colour).convert("L").getpixel((0, 0))
    assert isinstance(level, int)
    return level


def pixels_beyond(image: Image.Image, level: int) -> int:
    return sum(image.convert("L").histogram()[level + 1 :])


@pytest.mark.parametrize(
    ("one", "other"), [*combinations(Light, 2)], ids=lambda light: getattr(light, "word", None)
)
@every_panel
def test_two_lights_differ_by_shape_in_grey_scale_at_16_pixels(
    one: Light, other: Light, panel: tuple[int, int, int]
) -> None:
    seen = [on_panel(light, 16, panel).convert("L") for light in (one, other)]
    # The fills lie at most 57 levels apart, so what differs by more is shape and not shade.
    assert pixels_beyond(ImageChops.difference(*seen), 60) >= 256 // 8


@every_light
@every_size
def test_a_light_is_mostly_of_its_colour(light: Light, size: int) -> None:
    counted = [
        (count, colour[:3])
        for count, colour in draw(light, size).getcolors(size * size) or []
        if isinstance(colour, tuple) and colour[3] == 255
    ]
    count, colour = max(counted)
    assert colour == COLOURS[light]
    assert count >= size * size / 5


@every_light
@every_size
def test_the_picture_fills_its_square_and_leaves_the_corners_to_the_panel(
    light: Light, size: int
) -> None:
    alpha = draw(light, size).getchannel("A")
    levels = alpha.tobytes()
    assert alpha.getbbox() == (0, 0, size, size)
    # The round corner of a triangle 16 pixels wide can still touch the corner pixel.
    assert max(levels[0], levels[size - 1], levels[-size], levels[-1]) <= 64


@pytest.mark.parametrize("light", [Light.GREY, Light.AMBER, Light.RED], ids=lambda it: it.word)
@every_size
def test_the_two_sides_of_a_symmetrical_light_look_alike(light: Light, size: int) -> None:
    picture = draw(light, size)
    difference = ImageChops.difference(picture, ImageOps.mirror(picture))
    assert max(difference.tobytes()) <= 64


@every_light
@every_panel
def test_an_edge_parts_every_light_from_the_panel(
    light: Light, panel: tuple[int, int, int]
) -> None:
    ground = grey_level(panel)
    seen = on_panel(light, 32, panel).convert("L")
    rim = [level for level in seen.crop((0, 8, 32, 24)).tobytes() if abs(level - ground) >= 40]
    assert len(rim) >= 64


@every_light
def test_the_sign_is_legible_at_16_pixels(light: Light) -> None:
    fill, ink = grey_level(COLOURS[light]), INK[light]
    levels = draw(light, 16).convert("RGB").convert("L").tobytes()
    assert sum(abs(level - ink) < abs(level - fill) / 3 for level in levels) >= 9


def test_the_same_light_of_the_same_size_is_drawn_once() -> None:
    assert draw(Light.RED, 24) is draw(Light.RED, 24)
    assert draw(Light.RED) is not draw(Light.RED, 24)
    assert draw(Light.RED).size == (64, 64)


@every_light
def test_a_panel_gets_alpha_first_and_then_red_green_and_blue(light: Light) -> None:
    sent = Image.frombytes("RGBA", (64, 64), argb(light, 64))
    picture = draw(light, 64)
    for place, band in enumerate("ARGB"):
        assert sent.getchannel(place).tobytes() == picture.getchannel(band).tobytes()
