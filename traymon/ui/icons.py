"""Draws each light as a small picture, with a shape of its own and not only a colour.

Does not know what a light means.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from io import BytesIO
from itertools import pairwise
from math import cos, pi, sin
from types import MappingProxyType
from typing import cast

from PIL import Image, ImageDraw

from traymon.core.vocabulary import Light

SAMPLES = 8  # per pixel and axis: pictures are drawn larger by this and averaged down
STROKE = 2.6  # sixteenths of a side: two full pixels and a soft edge in the smallest icon
OUTLINE = 1.25  # sixteenths of a side
ROUNDED = 'stroke-linejoin="round" stroke-linecap="round"'
MIN_PLAIN_SHARE = 0.95  # of a background's main colour; the rest is left from the panel's start

Colour = tuple[int, int, int]
Point = tuple[float, float]

WHITE: Colour = (255, 255, 255)
NEAR_BLACK: Colour = (26, 26, 26)
RIM: Colour = (0x9A, 0x9A, 0x9A)  # while the market is closed
# The mark that one of the user's programs is missing: a dot in the corner, in sixteenths of a side.
MARK_CENTRE, MARK_RADIUS, MARK_GAP = (4.4, 4.4), 3.6, 1.2


@dataclass(frozen=True, slots=True)
class Shape:
    """A picture. Lengths are in sixteenths of its side, from the centre, y downwards."""

    fill: Colour
    outline: tuple[Point, ...]  # the silhouette is this, grown by `rounding`
    rounding: float
    ink: Colour
    strokes: tuple[tuple[Point, ...], ...] = ()  # of the sign; a stroke of one point is a dot
    forms: tuple[tuple[Point, ...], ...] = ()  # the filled parts of the sign


def _octagon(radius: float) -> tuple[Point, ...]:
    angles = [pi / 8 + turn * pi / 4 for turn in range(8)]
    return tuple((radius * cos(angle), radius * sin(angle)) for angle in angles)


# Green and amber are from the palette of Okabe and Ito, "Color Universal Design" (2008), which
# people with any kind of colour vision can distinguish. Its vermilion reads as orange beside the
# amber, so the red is ours: darker than the others, whatever the colour vision. So is the grey.
SHAPES: Mapping[Light, Shape] = MappingProxyType(
    {
        Light.GREEN: Shape(  # a disc with a tick
            fill=(0x00, 0x9E, 0x73),
            outline=((0, 0),),  # a point grows to a disc
            rounding=8,
            ink=WHITE,
            strokes=(((-4, 0), (-1, 3), (4, -3)),),
        ),
        Light.AMBER: Shape(  # a triangle with an exclamation mark
            fill=(0xE6, 0x9F, 0x00),
            outline=((0, -5.75), (5.75, 5.75), (-5.75, 5.75)),
            rounding=2.25,
            ink=NEAR_BLACK,
            strokes=(((0, -2.5), (0, 1)), ((0, 4.6),)),
        ),
        Light.RED: Shape(  # an octagon with a cross
            fill=(0xD3, 0x2F, 0x2F),
            outline=_octagon(7.0),
            rounding=1.5,
            ink=WHITE,
            strokes=(((-3, -3), (3, 3)), ((-3, 3), (3, -3))),
        ),
        Light.GREY: Shape(  # a rounded square with three dots
            fill=(0x6E, 0x6E, 0x6E),
            outline=((-4.75, -4.75), (4.75, -4.75), (4.75, 4.75), (-4.75, 4.75)),
            rounding=3.25,
            ink=WHITE,
            strokes=(((-4, 0),), ((0, 0),), ((4, 0),)),
        ),
    }
)


@cache
def draw(light: Light, size: int = 64, rimmed: bool = False, marked: bool = False) -> Image.Image:
    """Return the light's picture, `size` pixels square, RGBA on a transparent background.

    `rimmed` adds a grey rim, for when the market is closed; `marked` a dot in the lower right
    corner, for when one of the user's programs is missing. The picture is fitted to the pixels of
    its size: ask for the size to be shown instead of scaling. Calls share one object: copy it
    before changing it.
    """
    picture = paint(SHAPES[light], size, rimmed)
    return _with_mark(picture) if marked else picture


def _with_mark(picture: Image.Image) -> Image.Image:
    """Return a picture with the mark in its corner, and a clear gap around the mark."""
    size, unit = picture.width, picture.width / 16
    centre = [[(MARK_CENTRE[0] * unit, MARK_CENTRE[1] * unit)]]
    gap = _around(size, centre, (MARK_RADIUS + MARK_GAP) * unit)
    marked = picture.copy()
    marked.paste((0, 0, 0, 0), mask=gap)
    for colour, radius in ((WHITE, MARK_RADIUS), (NEAR_BLACK, MARK_RADIUS - 1)):
        marked.paste((*colour, 255), mask=_around(size, centre, radius * unit))
    return marked


def paint(shape: Shape, size: int, rimmed: bool = False) -> Image.Image:
    """Return the shape's picture, like `draw`, but a new object with each call."""
    unit = size / 16
    rounding = shape.rounding * unit
    border = max(1.0, unit * 0.75)  # darker, so that the picture stands out on a light panel
    edge = _darker(shape.fill)
    if rimmed:
        border, edge = max(2.0, unit * 2), RIM
    outline = [(x * unit, y * unit) for x, y in (*shape.outline, shape.outline[0])]
    # Whole pixels from the centre: the sign is symmetrical at every size.
    strokes, forms = (
        [[(round(x * unit), round(y * unit)) for x, y in line] for line in lines]
        for lines in (shape.strokes, shape.forms)
    )

    picture = Image.new("RGB", (size, size), edge)
    picture.paste(shape.fill, mask=_around(size, [outline], rounding - border, filled=True))
    picture.paste(shape.ink, mask=_around(size, strokes, STROKE * unit / 2))
    picture.paste(shape.ink, mask=_around(size, forms, 0, filled=True))
    picture.putalpha(_around(size, [outline], rounding, filled=True))
    return picture


def on_background(
    light: Light, rimmed: bool, marked: bool, width: int, height: int, background: bytes
) -> Image.Image:
    """Return the light's picture in the middle of a panel's background, for an X11 window.

    `background` is the window's own pixels, 4 bytes each (blue, green, red, unused).
    """
    size = min(width, height)
    picture = draw(light, size, rimmed, marked)
    whole = Image.frombytes("RGB", (width, height), background, "raw", "BGRX")
    share, colour = max(whole.getcolors(width * height) or [])
    if share > MIN_PLAIN_SHARE * width * height:
        whole.paste(cast(Colour, colour), (0, 0, width, height))
    whole.paste(picture, ((width - size) // 2, (height - size) // 2), picture)
    return whole


def windows_bits(light: Light, size: int, rimmed: bool = False, marked: bool = False) -> bytes:
    """Return the light's picture in the format of Windows' icon resources (Microsoft, "Icons").

    A BITMAPINFOHEADER with twice the height, the pixels from the bottom up (blue, green, red,
    alpha), and a mask of 1 bit per pixel, which the alpha values make irrelevant.
    """
    picture = draw(light, size, rimmed, marked).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    header = struct.pack("<IiiHHIIiiII", 40, size, 2 * size, 1, 32, 0, 0, 0, 0, 0, 0)
    mask = bytes((size + 31) // 32 * 4 * size)
    return header + picture.tobytes("raw", "BGRA") + mask


def argb(light: Light, size: int, rimmed: bool = False, marked: bool = False) -> bytes:
    """Return the light's picture as the pixels of a StatusNotifierItem: alpha, red, green, blue."""
    red, green, blue, alpha = draw(light, size, rimmed, marked).split()
    return Image.merge("RGBA", (alpha, red, green, blue)).tobytes()


def svg(light: Light) -> str:
    """Return the light's picture as the inside of an SVG of 64 by 64 units."""
    return svg_of(SHAPES[light])


def outline_svg(light: Light) -> str:
    """Return the light's shape as a grey outline, which says that it is not lit. Like `svg`."""
    shape, grey = SHAPES[light], SHAPES[Light.GREY].fill
    inside = replace(shape, fill=WHITE, rounding=shape.rounding - OUTLINE, strokes=(), forms=())
    return (
        svg_of(replace(shape, fill=grey, strokes=(), forms=()))
        + svg_of(inside).replace("<polygon ", '<polygon class="inside" ')
        + "".join(_signs(replace(shape, ink=grey)))
    )


def svg_of(shape: Shape) -> str:
    """Return the shape's picture as the inside of an SVG of 64 by 64 units."""
    fill = _rgb(shape.fill)
    silhouette = (
        f'<polygon points="{_points((*shape.outline, shape.outline[0]))}" fill="{fill}" '
        f'stroke="{fill}" stroke-width="{8 * shape.rounding:g}" {ROUNDED}/>'
    )
    return "".join((silhouette, *_signs(shape)))


def _signs(shape: Shape) -> Iterable[str]:
    ink = _rgb(shape.ink)
    for line in shape.strokes:
        yield (
            f'<polyline points="{_points((*line, line[-1]))}" fill="none" stroke="{ink}" '
            f'stroke-width="{4 * STROKE:g}" {ROUNDED}/>'
        )
    for form in shape.forms:
        yield f'<polygon points="{_points(form)}" fill="{ink}"/>'


def _points(line: Iterable[Point]) -> str:
    return " ".join(f"{32 + 4 * x:g},{32 + 4 * y:g}" for x, y in line)


def _rgb(colour: Colour) -> str:
    return f"rgb{colour}".replace(" ", "")


def png(light: Light, size: int = 64, rimmed: bool = False, marked: bool = False) -> bytes:
    """Return the light's picture as the contents of a PNG file."""
    file = BytesIO()
    draw(light, size, rimmed, marked).save(file, "PNG")
    return file.getvalue()


def _around(
    size: int, lines: Iterable[Iterable[Point]], distance: float, *, filled: bool = False
) -> Image.Image:
    """Return the mask of all points within `distance` pixels of the lines, or inside them."""
    middle = size * SAMPLES / 2
    radius = distance * SAMPLES
    mask = Image.new("L", (size * SAMPLES, size * SAMPLES))
    pen = ImageDraw.Draw(mask)
    for line in lines:
        points = [(middle + x * SAMPLES, middle + y * SAMPLES) for x, y in line]
        if filled:  # Pillow includes the last row and column: one less, here and below
            right, bottom = (max(ends) for ends in zip(*points, strict=True))
            pen.polygon([(x - (x == right), y - (y == bottom)) for x, y in points], fill=255)
        if radius < 1:
            continue
        for start, end in pairwise(points):
            pen.line((start, end), fill=255, width=round(2 * radius))
        for x, y in points:
            pen.ellipse((x - radius, y - radius, x + radius - 1, y + radius - 1), fill=255)
    return mask.reduce(SAMPLES)


def _darker(colour: Colour) -> Colour:
    red, green, blue = colour
    return (red // 2, green // 2, blue // 2)
