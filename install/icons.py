"""Draws traymon's logo and writes it in each system's format: `python install/icons.py`.

For developers; the files are part of the repository. The logo must not look like a light: it tells
which program this is, and nothing about the state of the API.
"""

from pathlib import Path

from PIL import Image

from traymon.ui.icons import WHITE, Shape, paint, svg_of

FOLDER = Path(__file__).resolve().parents[1] / "assets" / "icons"

# What Windows asks for from 100 % to 400 % of scaling, in the notification area and elsewhere.
ICO_SIZES = (16, 20, 24, 32, 40, 48, 64, 256)
ICNS_SIZES = (32, 64, 128, 256, 512, 1024)
BANNER = Path(__file__).resolve().parent / "windows" / "banner.bmp"
BANNER_SIZE, BANNER_LOGO = (164, 314), 112  # as NSIS asks for
ICNS_TILE = 13 / 16  # of the side; macOS uses the rest for the shadow

# A lighthouse that looks like a T from afar. Its blue is from the palette of the lights, but no
# light uses it.
LOGO = Shape(
    fill=(0x00, 0x72, 0xB2),
    outline=((-4.75, -4.75), (4.75, -4.75), (4.75, 4.75), (-4.75, 4.75)),
    rounding=3.25,
    ink=WHITE,
    forms=(
        ((-1.5, -2), (-1.5, -5), (0, -6.5), (1.5, -5), (1.5, -2)),  # the lamp under its roof
        ((-2.75, -4), (-6, -6), (-6, -1), (-2.75, -3)),  # its two beams
        ((2.75, -4), (6, -6), (6, -1), (2.75, -3)),
        # the tower, with a gallery where there is room for one
        ((-2.5, -1), (2.5, -1), (2.5, 0), (2, 0), (3, 6), (-3, 6), (-2, 0), (-2.5, 0)),
    ),
)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    save("traymon.ico", [paint(LOGO, size) for size in ICO_SIZES])
    save("traymon.icns", [framed(size) for size in ICNS_SIZES])
    banner().save(BANNER)
    (FOLDER / "traymon.svg").write_text(drawing(), encoding="utf-8", newline="\n")


def save(name: str, pictures: list[Image.Image]) -> None:
    """Write all pictures into one file, without scaling them."""
    *smaller, largest = pictures
    sizes = [picture.size for picture in pictures]
    largest.save(FOLDER / name, sizes=sizes, append_images=smaller)


def framed(size: int) -> Image.Image:
    """Return the logo with the empty margin that macOS expects."""
    whole = Image.new("RGBA", (size, size))
    tile = paint(LOGO, 2 * round(size * ICNS_TILE / 2))
    edge = (size - tile.width) // 2
    whole.paste(tile, (edge, edge))
    return whole


def banner() -> Image.Image:
    """Return the left side of the setup program's last page: the logo on its own blue."""
    whole = Image.new("RGB", BANNER_SIZE, LOGO.fill)
    logo = paint(LOGO, BANNER_LOGO)
    whole.paste(logo, ((whole.width - logo.width) // 2, whole.height // 3 - logo.height // 2), logo)
    return whole.quantize(64)


def drawing() -> str:
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" width="64" height="64">'
        f"<title>traymon</title>{svg_of(LOGO)}</svg>\n"
    )


if __name__ == "__main__":
    main()
