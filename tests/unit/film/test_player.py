"""The film of a graph as HTML and as a picture: what it holds, says and leaves alone."""

import base64
import json
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import lecture
import pytest
import torch
from textbook import lstm, mlp

from lesson_utils import draw, film, play, trace
from lesson_utils.film.animation import STEP, animated
from lesson_utils.picture import layout
from lesson_utils.picture.page import spoken_elsewhere
from lesson_utils.picture.theme import themed


class Page(HTMLParser):
    """The tags of a page, its scripts' texts, and the text that is left."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.scripts, self.text, self._inside = [], [], "", False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._inside = tag if tag in ("script", "style") else ""
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag):
        self._inside = "" if tag == self._inside else self._inside

    def handle_data(self, data):
        if self._inside == "script":
            self.scripts[-1] += data
        elif not self._inside:
            self.text += data


def packed(player):
    """What the script of a film is given."""
    return json.loads(Page(player.html).scripts[0])


def test_a_player_has_words_and_one_piece_of_html():
    bundle = play(lecture.neuron())._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html"}
    assert bundle["text/plain"].splitlines()[0].startswith("0. Given: x = 3")
    assert (
        bundle["text/plain"].splitlines()[-1]
        == "8. The backward pass is done: ∂a/∂w = 3 and ∂a/∂b = 1."
    )


def test_where_no_script_runs_the_picture_and_the_sentences_remain():
    player = play(lecture.neuron())
    page = Page(player.html)
    assert [tag for tag, _ in page.tags].count("img") == 1
    assert [tag for tag, _ in page.tags].count("li") == 9
    shown = dict(page.tags)["img"]
    assert shown["alt"] == player.film.drawing.text
    svg = base64.b64decode(shown["src"].partition(",")[2]).decode()
    assert svg == spoken_elsewhere(themed(player.film.svg))
    told = [frame.sentence for frame in player.film.frames]
    advice = "Run the cell, or trust the notebook, and it plays."
    assert page.text == f"{advice}Step by step" + "".join(told)


def test_the_still_picture_is_the_finished_one():
    """Without a script the classes mean nothing; what is over by then is hidden."""
    w = torch.tensor(3.0, requires_grad=True)
    with trace() as t:
        u = w * w
        v = u + w
    film = play(t).film
    hidden = [
        element for element in ElementTree.fromstring(film.svg).iter()
        if re.search(r"\bu\d", element.get("class", ""))
    ]  # fmt: skip
    assert hidden and all(element.get("visibility") == "hidden" for element in hidden)
    words = lambda svg: [  # noqa: E731  # twice below
        "".join(element.itertext())
        for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
        if element.get("visibility") != "hidden"
    ]
    assert words(film.svg) == words(film.drawing.svg)
    assert v.item() == 12


def test_the_script_is_given_each_sentence_and_the_lines_that_run():
    player = play(lecture.neuron())
    data = packed(player)
    told = re.findall(r"<li>(.*?)</li>", player.html)
    assert list(map(unescape, told)) == [f.sentence for f in player.film.frames]
    assert len(data["frames"]) == len(told)
    (source,) = {source for source, _, _ in data["code"]}
    numbers = {text.strip(): number for _, number, text in data["code"]}
    line = f"{source}:{numbers['a = F.relu(x * w + b)']}"
    ran = [list(frame["lines"]) for frame in data["frames"]]
    assert {"", *(told for frame in data["frames"] for told in frame["lines"].values())} == {""}
    assert ran == [[], [line], [line], [line], [], [line], [line], [line], []]
    assert data["turn"] == 4, "where the backward pass starts"


def test_a_loop_and_a_question_have_their_lines_too():
    x = torch.tensor(2.0, requires_grad=True)
    with trace() as t:
        h = x
        for _ in range(2):
            h = h * x
        if h > 3:
            h = h + 1
    data = packed(play(t))
    texts = {f"{source}:{number}": text.strip() for source, number, text in data["code"]}
    ran = [[texts[line] for line in frame["lines"]] for frame in data["frames"]]
    assert ["if h > 3:"] in ran and ran.count(["h = h * x"]) == 4
    assert "for _ in range(2):" in texts.values(), "what lies between is shown as well"
    passes = [told for frame in data["frames"] for told in frame["lines"].values() if told]
    there, back = ["pass 1 of 2", "pass 2 of 2"], ["pass 2 of 2", "pass 1 of 2"]
    assert passes == there + back


def test_without_its_source_a_film_does_without():
    space = {"torch": torch, "trace": trace}
    exec("w = torch.tensor(2.0, requires_grad=True)\nwith trace() as t:\n    y = w * w", space)
    data = packed(play(space["t"]))
    assert data["code"] == [] and len(data["frames"]) > 3


def test_no_text_can_end_or_open_anything():
    w = torch.tensor(2.0, requires_grad=True)
    with trace() as t:
        said = "</script><!-- <script> ]]> & ' \" ` \u2028"
        y = w * w
    html = play(t).html
    page = Page(html)
    assert html.count("</script>") == 2 == len(page.scripts)
    assert "<!--" not in html and html.count("<script") == 2
    assert any(said[:8] in text for _, _, text in json.loads(page.scripts[0])["code"])
    assert y.item() == 4


def test_nothing_of_a_film_is_fetched():
    html = play(lecture.neuron()).html
    (picture,) = [attributes["src"] for tag, attributes in Page(html).tags if tag == "img"]
    assert picture.startswith("data:")
    for word in ("http", "import(", "require(", "fetch(", "url("):
        assert word not in html, word


def test_what_is_committed_of_a_player_is_the_same_every_time():
    first, second = (play(lecture.neuron())._repr_mimebundle_() for _ in range(2))
    assert first == second


def test_a_film_and_its_script_are_small():
    assert len(play(lecture.neuron()).html.encode()) < 40_000
    for script in Path(film.__file__).parent.glob("*.js"):
        assert len(script.read_text(encoding="utf-8").splitlines()) <= 200


def test_a_graph_can_be_played_as_well_as_a_trace():
    t = lecture.neuron()
    assert play(t.graph()).text == play(t).text
    assert repr(play(t)) == play(t).text


def test_what_is_no_graph_is_refused():
    with pytest.raises(TypeError, match="with trace"):
        play(3)


def test_playing_without_a_layout_program_says_what_to_install(monkeypatch):
    monkeypatch.setattr(layout, "find_program", lambda: None)
    html = play(lecture.neuron())._repr_mimebundle_()["text/html"]
    assert layout.INSTALL in html and "× multiplies" in html


def test_an_error_in_the_block_leaves_a_film_of_what_ran():
    w = torch.tensor(2.0, requires_grad=True)
    with pytest.raises(RuntimeError), trace() as t:
        u = w * 3
        u @ u
    player = play(t)
    *_, before, last = player.text.splitlines()
    assert before == "1. × multiplies: u = w × 3 = 2 × 3 = 6."
    assert re.fullmatch(r"2\. Line \d+ raised RuntimeError: both arguments to matmul .*", last)
    data = packed(player)
    texts = {f"{source}:{number}": text.strip() for source, number, text in data["code"]}
    assert [texts[line] for line in data["frames"][-1]["lines"]] == ["u @ u"]
    assert "∂" not in player.film.svg and data["turn"] == 0, "no gradient was asked for"


def test_an_error_after_a_backward_pass_leaves_that_pass_too():
    w = torch.tensor(2.0, requires_grad=True)
    with pytest.raises(RuntimeError, match="second time"), trace() as t:
        u = w * w
        u.backward()
        u.backward()
    told = play(t).text
    assert "w is reached in 2 ways: 2 + 2 = 4" in told
    assert "raised RuntimeError: Trying to backward through the graph a second time" in told


@pytest.mark.parametrize("odd", ["\x1b[31mred", "\x00", "\ufffe", "\ud800", "\u2028"])
def test_what_no_file_can_hold_is_left_out_of_an_errors_message(odd, tmp_path):
    w = torch.tensor(2.0, requires_grad=True)
    with pytest.raises(ValueError), trace() as t:
        w * 2
        raise ValueError(f"before {odd} after")
    player = play(t)
    assert "raised ValueError: before " in player.text and player.text.endswith(" after")
    for name in ("film.svg", "film.html", "film.txt"):
        player.save(tmp_path / name)
    ElementTree.parse(tmp_path / "film.svg")


def test_an_error_whose_text_fails_is_named_all_the_same():
    class Odd(Exception):
        def __str__(self):
            raise ValueError

    with pytest.raises(Odd), trace() as t:
        torch.ones(2) + 1
        raise Odd
    assert play(t).text.endswith("raised Odd")


# What is saved


def test_a_saved_page_is_a_page_of_its_own(tmp_path):
    player = play(lecture.neuron())
    player.save(tmp_path / "film.html")
    page = (tmp_path / "film.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>") and player.html in page
    player.save(tmp_path / "film.txt")
    assert (tmp_path / "film.txt").read_text(encoding="utf-8") == player.text


def at(svg, moment):
    """The ids and texts that an animated picture shows at a moment, its CSS read by hand."""
    root = ElementTree.fromstring(svg)
    space = "{http://www.w3.org/2000/svg}"
    style = root.find(f"{space}style").text
    share = 100 * moment / float(re.search(r"\*\{animation:([\d.]+)s", style)[1])
    frames = dict(re.findall(r"@keyframes (\S+?)\{((?:[\d.]+%\{[^}]*\})+)\}", style))
    rules = re.findall(r"(?<![\w>])((?:\.\w+)+)\{animation-name:([^}]*)\}", style)

    def now(element, what, else_):
        own = set(element.get("class", "").split())
        meant = [rule for rule in rules if own.issuperset(rule[0].strip(".").split("."))]
        # The rule that names most classes wins; of two, the later.
        names = max(meant, key=lambda rule: rule[0].count("."), default=("", ""))[1]
        for name in names.split(","):
            value = else_
            for start, rule in re.findall(r"([\d.]+)%\{([^}]*)\}", frames.get(name, "")):
                key, _, said = rule.partition(":")
                if key == what and float(start) <= share:
                    value = said
            if value is not else_:
                return value
        return else_

    shown = []

    def walk(element, visible):
        visible = now(element, "visibility", element.get("visibility", visible))
        alone = element.tag == f"{space}text" and not len(element)
        if visible == "visible" and (alone or element.tag == f"{space}tspan"):
            shown.append((element.text or "").strip())
        for child in element:
            walk(child, visible)

    walk(root, "visible")
    return shown


def test_a_saved_picture_moves_by_itself_and_tells_each_step(tmp_path):
    player = play(lecture.neuron())
    player.save(tmp_path / "film.svg")
    svg = (tmp_path / "film.svg").read_text(encoding="utf-8")
    assert "<script" not in svg and "prefers-reduced-motion" in svg
    sentences = [frame.sentence for frame in player.film.frames]
    for number, sentence in enumerate(sentences):
        shown = at(svg, (number + 0.5) * STEP)
        assert sentence in shown
        assert not set(shown) & (set(sentences) - {sentence})
        assert ("= 6" in shown) == (number >= 1), "the forward pass gives u its number"
        assert ("∂a/∂w" in shown) == (number >= 7)
    assert sentences[-1] in at(svg, len(sentences) * STEP + 3), "the end stays for a while"


def test_the_picture_in_the_readme_is_the_film_of_the_neuron():
    committed = Path(__file__).parents[3] / "docs" / "film.svg"
    assert committed.read_text(encoding="utf-8") == animated(play(lecture.neuron()).film)


@pytest.mark.parametrize("graph", [lecture.neuron().graph(), mlp(4, 3, 4, 1), lstm()])
def test_a_sign_stands_for_each_number_until_it_comes_and_nothing_moves(graph):
    player = play(graph)
    svg = player.film.svg
    for number, frame in enumerate(player.film.frames):
        for value in frame.values if number else ():
            data = player.film.marks.classes[f"value-{value} data"]
            assert player.film.marks.waiting[f"value-{value} data"] == data.replace("f", "u")
            assert re.search(rf'class="u{number}" visibility="hidden">(= )?\?<', svg)
    signs = re.findall(r'class="(f\d+ )?u\d+" visibility="hidden">[^<]*\?<', svg)
    later = {value.id for value in graph if value.has_gradient and value.id != graph.of}
    assert sum(map(bool, signs)) == len(later), "of each gradient, from where the way back starts"
    assert all(start.strip() in ("", f"f{player.film.turn}") for start in signs)
    still = re.sub(r"<text[^>]*hidden[^>]*>[^<]*</text>", "", svg)
    places = r' (?:x|y|d|width|height)="[^"]*"'
    assert re.findall(places, still) == re.findall(places, draw(graph).svg), "signs take no room"
    assert 'role="img"' in svg, "one image to readers of the screen, who hear the sentences"


def test_only_a_known_suffix_is_saved(tmp_path):
    with pytest.raises(ValueError, match=r"\.html, \.svg or \.txt"):
        play(lecture.neuron()).save(tmp_path / "film.gif")


def test_a_saved_picture_stresses_an_operation_on_the_way_there_and_back():
    w = torch.tensor(2.0, requires_grad=True)
    with trace() as t:
        w * 3
    film = play(t).film
    moments = [i for i, frame in enumerate(film.frames) if 0 in (*frame.forward, *frame.backward)]
    assert len(moments) == 2
    svg = animated(film)
    length = float(re.search(r"\*\{animation:([\d.]+)s", svg)[1])
    name = "n" + "_".join(f"{moment}-{moment + 1}" for moment in moments)
    (rule,) = re.findall(rf"@keyframes {name}{{((?:[\d.]+%{{[^}}]*}})+)}}", svg)
    told = [
        (float(at) * length / 100 / STEP, look) for at, look in re.findall(r"([\d.]+)%{(.)", rule)
    ]
    assert [round(at) for at, _ in told] == [0, *(m + i for m in moments for i in (0, 1))]
    assert f"animation-name:{name}" in svg
