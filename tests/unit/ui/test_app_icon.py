"""The program's own sign: the files are as drawn, for every size, and it is none of the lights."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType, SimpleNamespace
from xml.etree import ElementTree

import pytest
from PIL import Image, ImageChops
from PIL.IcnsImagePlugin import IcnsImageFile
from PIL.IcoImagePlugin import IcoImageFile

from support.repository import ROOT
from traymon import assets
from traymon.core.vocabulary import Light
from traymon.ui.icons import SHAPES, draw, paint
from traymon.ui.notification_text import NotificationText
from traymon.ui.notify import plyer

FOLDER = assets.folder() / "icons"
GROUNDS = {"light": (245, 245, 245), "dark": (30, 30, 34)}

every_ground = pytest.mark.parametrize("ground", GROUNDS.values(), ids=GROUNDS.keys())


def script() -> ModuleType:
    path = ROOT / "install" / "icons.py"
    spec = importlib.util.spec_from_file_location("draws_the_sign", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SCRIPT = script()


def same(one: Image.Image, other: Image.Image) -> bool:
    """Tell whether the pixels are equal; the files differ from one zlib to another."""
    return one.size == other.size and not any(
        ImageChops.difference(one.convert("RGBA"), other.convert("RGBA")).tobytes()
    )


def luminance(colour: tuple[int, ...]) -> float:
    """Return the relative luminance, as WCAG 2 defines it."""
    levels = [level / 255 for level in colour[:3]]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in levels]
    return sum(w * x for w, x in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_the_ico_holds_each_size_as_it_is_drawn_for_it() -> None:
    with Image.open(FOLDER / "traymon.ico") as file:
        assert isinstance(file, IcoImageFile)
        held = {size[0]: file.ico.getimage(size).copy() for size in file.ico.sizes()}
    assert sorted(held) == [16, 20, 24, 32, 40, 48, 64, 256]
    for size, picture in held.items():
        assert same(picture, paint(SCRIPT.LOGO, size)), size


def test_the_icns_holds_each_size_as_it_is_drawn_for_it() -> None:
    with Image.open(FOLDER / "traymon.icns") as file:
        assert isinstance(file, IcnsImageFile)
        held = [file.icns.getimage(size).copy() for size in file.info["sizes"]]
    assert {picture.width for picture in held} == {32, 64, 128, 256, 512, 1024}
    for picture in held:
        assert same(picture, SCRIPT.framed(picture.width)), picture.width


def test_the_svg_is_as_drawn_and_a_square_picture() -> None:
    text = (FOLDER / "traymon.svg").read_text(encoding="utf-8")
    assert text == SCRIPT.drawing()
    root = ElementTree.fromstring(text)
    name = "{http://www.w3.org/2000/svg}"
    assert root.tag == f"{name}svg"
    assert root.attrib["viewBox"] == "0 0 64 64"
    assert len(root.findall(f"{name}polygon")) == 1 + len(SCRIPT.LOGO.forms)


@every_ground
def test_the_sign_stands_out_at_16_pixels(ground: tuple[int, int, int]) -> None:
    picture = paint(SCRIPT.LOGO, 16)
    seen = Image.new("RGB", picture.size, ground)
    seen.paste(picture, mask=picture)
    found = {colour: count for count, colour in seen.getcolors() or []}
    fill, ink = SCRIPT.LOGO.fill, SCRIPT.LOGO.ink
    assert found[fill] >= 16 * 16 / 3
    assert found[ink] >= 16 * 16 / 8
    # 3 is what WCAG 2.1 asks of graphics that have to be understood.
    assert contrast(fill, ground) >= 3
    assert contrast(fill, ink) >= 3


@pytest.mark.parametrize("light", Light, ids=lambda light: light.word)
@every_ground
def test_the_sign_is_not_taken_for_a_light(light: Light, ground: tuple[int, int, int]) -> None:
    assert SCRIPT.LOGO.fill not in {shape.fill for shape in SHAPES.values()}
    seen = []
    for picture in (paint(SCRIPT.LOGO, 16), draw(light, 16)):
        whole = Image.new("RGB", picture.size, ground)
        whole.paste(picture, mask=picture)
        seen.append(whole.convert("L"))
    levels = ImageChops.difference(*seen).histogram()
    assert sum(levels[61:]) >= 256 // 8


def test_on_windows_plyers_notification_carries_the_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: dict[str, object] = {}
    notify = SimpleNamespace(notify=lambda **words: sent.update(words))
    monkeypatch.setattr(plyer, "notification", notify)
    for platform, icon in (("win32", str(FOLDER / "traymon.ico")), ("linux", "")):
        monkeypatch.setattr(sys, "platform", platform)
        text = NotificationText("title", "body", urgent=False)
        plyer.PlyerNotifications().deliver("", text, "", lambda outcome, why: None)
        assert sent["app_icon"] == icon
