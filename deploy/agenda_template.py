"""Make `exchange/console/documents/agenda.docx` anew: the look of an official document, with fields for docxtpl.

    python deploy/agenda_template.py

An office that wants another look edits the made file in Word; this only says how the first one came to be.
"""

from __future__ import annotations

from pathlib import Path

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Cm, Pt

INTO = Path(__file__).resolve().parents[1] / "exchange/console/documents/agenda.docx"


def main() -> None:
    """Write the template."""
    document = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.top_margin, section.bottom_margin, section.left_margin, section.right_margin = (
        Cm(3.7),
        Cm(3.5),
        Cm(2.8),
        Cm(2.6),
    )
    _font(document.styles["Normal"].font, "仿宋_GB2312", 16)
    document.styles["Normal"].paragraph_format.line_spacing = Pt(28)
    title = _line(document, "{{ title }}", "方正小标宋简体", 22)
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    centre = _line(document, "{{ party }}　{{ period }}", "楷体_GB2312", 16)
    centre.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _line(document, "{{ labels.day }}：{{ day }}　　{{ labels.place }}：{{ place }}")
    _heading(document, "一、{{ labels.questions }}")
    _loop(
        document, "questions",
        "{{ one.number }}. 〔{{ one.kind }}〕{{ one.text }}"
        "{% if one.about %}（{{ one.about }}）{% endif %}　{{ one.by }}",
    )  # fmt: skip
    _heading(document, "二、{{ labels.figures }}")
    _loop(document, "figures", "{{ one.name }}：{{ one.value }}")
    _heading(document, "三、{{ labels.breaks }}")
    _loop(document, "breaks", "{{ one.name }}：{{ one.value }}")
    _heading(document, "四、{{ labels.unfinished }}")
    _loop(
        document, "unfinished",
        "{{ one.text }}　{{ labels.owner }}：{{ one.owner }}　{{ labels.due }} {{ one.due_on }}",
    )  # fmt: skip
    _heading(document, "五、{{ labels.resolved }}")
    _line(document, "")
    _line(document, "{{ labels.signed }}：　　　　　　　　{{ labels.signed_tax }}：")
    INTO.parent.mkdir(exist_ok=True)
    document.save(str(INTO))


def _loop(document, name: str, text: str) -> None:
    _line(document, f"{{%p for one in {name} %}}")
    _line(document, text)
    _line(document, "{%p else %}")
    _line(document, "{{ labels.none }}")
    _line(document, "{%p endfor %}")


def _heading(document, text: str) -> None:
    _line(document, text, "黑体", 16)


def _line(document, text: str, name: str = "仿宋_GB2312", size: int = 16):
    paragraph = document.add_paragraph()
    _font(paragraph.add_run(text).font, name, size)
    return paragraph


def _font(font, name: str, size: int) -> None:
    font.name, font.size = name, Pt(size)
    font.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), name)


if __name__ == "__main__":
    main()
