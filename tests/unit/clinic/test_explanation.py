"""How an explanation looks: sentences, picture, repairs."""

from failing import program

from lesson_utils.clinic.explanation import Explanation, Repair

TWO = Repair("Compute it again", "u = x < 1\nloss = u.sum()", "A new graph.")
ONE = Repair("Go back once", "(one + two).backward()", "One pass.", plaster=True)
NONE = Repair("Or wait for `loss`", cost="Nothing.")


def test_code_has_its_lines_and_sentences_their_full_stops():
    html = Explanation("freed", ("`loss` is gone.", "Twice."), repairs=(TWO, ONE, NONE)).html
    assert "u = x &lt; 1\nloss = u.sum()</pre> A new graph." in html
    assert "<code>(one + two).backward()</code>. One pass." in html
    assert "<i>Plaster.</i> Go back once" in html
    assert "Or wait for <code>loss</code>. Nothing." in html
    assert "<p><b><code>loss</code> is gone.</b> Twice.</p>" in html


def test_repairs_are_folded_and_counted():
    html = Explanation("freed", ("`loss` is gone.",), repairs=(TWO, ONE, NONE)).html
    assert "<summary>What you can do: 2 repairs and 1 plaster</summary>" in html
    told, _, folded = html.partition("<details>")
    assert "is gone" in told and "Compute it again" in folded and "Compute it again" not in told
    assert "you can do: 1 repair<" in Explanation("freed", ("Gone.",), repairs=(TWO,)).html
    assert "details" not in Explanation("freed", ("Gone.",)).html


def test_the_words_are_the_same():
    text = Explanation("freed", ("`loss` is gone.",), repairs=(TWO, ONE, NONE)).text
    assert text.splitlines()[:2] == ["`loss` is gone.", "What you can do:"]
    assert "  - Plaster: Go back once: `(one + two).backward()`. One pass." in text
    assert "  - Or wait for `loss`. Nothing." in text


def test_the_culprit_has_a_red_frame_that_the_rules_of_dark_pages_leave():
    run = program("""
        w = leaf(2.0)
        with trace() as t:
            u = torch.exp(w)
            loss = u * u
        loss.backward()
        loss.backward()
    """)
    svg = run.why().drawing.svg
    assert ".culprit.culprit>rect:first-of-type{stroke:#b8340a;stroke:light-dark(" in svg
    assert svg.count("output culprit") == 1 and "intermediate culprit" not in svg


def test_it_saves_as_a_page_and_as_words(tmp_path):
    found = Explanation("freed", ("`loss` is gone.",), repairs=(TWO,))
    found.save(tmp_path / "why.html")
    assert "<code>loss</code> is gone" in (tmp_path / "why.html").read_text(encoding="utf-8")
