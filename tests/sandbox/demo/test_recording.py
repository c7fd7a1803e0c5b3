"""The recording: a terminal's redrawn lines, and a picture that is XML and small."""

from xml.etree import ElementTree

from sandbox.demo.recording import PICTURE, Screen, chosen, drawn


def test_lines_that_are_drawn_again_take_the_place_of_the_old_ones() -> None:
    screen = Screen()
    screen.write("$ rdsctl\r\n ⠋ review 0:01\r\n · queue\r\n")
    screen.write("\x1b[2A\x1b[J \x1b[32m✓\x1b[0m review\r\n")
    lines = ["".join(text for text, _ in line) for line in screen.frame(0).lines]
    assert lines == ["$ rdsctl", " ✓ review", ""]
    assert ("✓", "32") in screen.frame(0).lines[1]


def test_the_picture_is_xml_and_shows_its_last_frame_where_nothing_moves() -> None:
    screen, frames = Screen(), []
    for second in range(100):
        screen.write(f"line <{second}>\r\n")
        frames.append(screen.frame(second))
    few = chosen(frames)
    assert len(few) <= 60
    text = drawn(few)
    ElementTree.fromstring(text)
    assert f".f{len(few) - 1}{{opacity:1}}" in text
    assert "line &lt;99&gt;" in text


def test_the_picture_of_the_readme_is_small() -> None:
    assert PICTURE.stat().st_size < 60_000
