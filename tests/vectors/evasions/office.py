"""Office documents (ECMA-376, ISO 26300), built as small as they may be; each hides the number in another of its rooms."""

# ruff: noqa: E501 - one case, one line

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping

from tests.vectors.evasions.case import NUMBER, SECRET, Case, attached, found

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
S = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
A = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
O = (  # noqa: E741 - the prefix that OpenDocument gives it
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" '
    'xmlns:presentation="urn:oasis:names:tc:opendocument:xmlns:presentation:1.0" xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:meta="urn:oasis:names:tc:opendocument:xmlns:meta:1.0"'
)
XML = '<?xml version="1.0" encoding="UTF-8"?>'
TYPES = f'{XML}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>'


def zipped(files: Mapping[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip that is the same each time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content, method)
    return buffer.getvalue()


def runs(text: str) -> str:
    """Paragraph whose text Word has cut into runs."""
    return "".join(f"<w:r><w:rPr><w:b/></w:rPr><w:t>{text[i : i + 3]}</w:t></w:r>" for i in range(0, len(text), 3))


def docx(body: str = "<w:p><w:r><w:t>Dag</w:t></w:r></w:p>", **more: str | bytes) -> bytes:
    files: dict[str, str | bytes] = {
        "[Content_Types].xml": TYPES,
        "_rels/.rels": f'{XML}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/document.xml": f"{XML}<w:document {W}><w:body>{body}</w:body></w:document>",
    }
    return zipped(files | more)


def xlsx(rows: str = "", *, state: str = "visible", strings: str = "", **more: str | bytes) -> bytes:
    files: dict[str, str | bytes] = {
        "[Content_Types].xml": TYPES,
        "xl/workbook.xml": f'{XML}<workbook {S}><sheets><sheet name="Blad1" sheetId="1" state="{state}"/></sheets></workbook>',
        "xl/worksheets/sheet1.xml": f"{XML}<worksheet {S}><sheetData>{rows}</sheetData></worksheet>",
        "xl/sharedStrings.xml": f"{XML}<sst {S}>{strings}</sst>",
    }
    return zipped(files | more)


def pptx(**more: str | bytes) -> bytes:
    files: dict[str, str | bytes] = {
        "[Content_Types].xml": TYPES,
        "ppt/presentation.xml": f"{XML}<p:presentation {A}/>",
    }
    return zipped(files | more)


def odf(kind: str, content: str = "<text:p>Dag</text:p>", **more: str | bytes) -> bytes:
    files: dict[str, str | bytes] = {
        "mimetype": f"application/vnd.oasis.opendocument.{kind}",
        "content.xml": f"{XML}<office:document-content {O}><office:body>{content}</office:body></office:document-content>",
    }
    return zipped(files | more)


def _word(root: str, text: str) -> str:
    return f"{XML}<w:{root} {W}><w:p>{runs(text)}</w:p></w:{root}>"


def _cells(texts: Iterable[str]) -> str:
    return "<row>" + "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in texts) + "</row>"


def _table_word(texts: str) -> str:
    return (
        "<w:tbl><w:tr>"
        + "".join(f"<w:tc><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:tc>" for text in texts)
        + "</w:tr></w:tbl>"
    )


LABELLED = '<row><c t="s"><v>0</v></c><c><v>111222333</v></c></row>'
DOCUMENTS: dict[str, bytes] = {
    "docx-runs.docx": docx(f"<w:p>{runs(SECRET)}</w:p>"),
    "docx-run-each-digit.docx": docx("<w:p><w:r><w:t xml:space='preserve'>BSN </w:t></w:r>" + "".join(f"<w:r><w:t>{d}</w:t></w:r>" for d in NUMBER) + "</w:p>"),
    "docx-proofing-marks.docx": docx("<w:p><w:r><w:t>BSN 111</w:t></w:r><w:proofErr w:type='spellStart'/><w:bookmarkStart w:id='0' w:name='x'/><w:r><w:t>222333</w:t></w:r></w:p>"),
    "docx-deleted.docx": docx(f"<w:p><w:del w:id='1' w:author='Anna'><w:r><w:delText>{SECRET}</w:delText></w:r></w:del></w:p>"),
    "docx-inserted.docx": docx(f"<w:p><w:ins w:id='1'>{runs(SECRET)}</w:ins></w:p>"),
    "docx-moved.docx": docx(f"<w:p><w:moveFrom w:id='1'>{runs(SECRET)}</w:moveFrom></w:p>"),
    "docx-half-deleted.docx": docx("<w:p><w:r><w:t>BSN 111</w:t></w:r><w:del w:id='1'><w:r><w:delText>999</w:delText></w:r></w:del><w:r><w:t>222333</w:t></w:r></w:p>"),
    "docx-vanish.docx": docx(f"<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>{SECRET}</w:t></w:r></w:p>"),
    "docx-field.docx": docx(f"<w:p><w:r><w:instrText>HYPERLINK \"https://a.example/?bsn={NUMBER}\"</w:instrText></w:r></w:p>"),
    "docx-soft-hyphen.docx": docx("<w:p><w:r><w:t>BSN 111</w:t><w:softHyphen/><w:t>222</w:t><w:noBreakHyphen/><w:t>333</w:t></w:r></w:p>"),
    "docx-tab.docx": docx("<w:p><w:r><w:t>BSN</w:t><w:tab/><w:t>111222333</w:t></w:r></w:p>"),
    "docx-table-cell-each-digit.docx": docx("<w:p><w:r><w:t>BSN</w:t></w:r></w:p>" + _table_word(NUMBER)),
    "docx-table-label.docx": docx("<w:tbl><w:tr><w:tc><w:p><w:r><w:t>BSN</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>111222333</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"),
    "docx-text-box.docx": docx(f"<w:p><w:r><w:pict><v:textbox xmlns:v='urn:schemas-microsoft-com:vml'><w:txbxContent><w:p>{runs(SECRET)}</w:p></w:txbxContent></v:textbox></w:pict></w:r></w:p>"),
    "docx-content-control.docx": docx(f"<w:sdt><w:sdtPr><w:alias w:val='{SECRET}'/><w:tag w:val='{SECRET}'/></w:sdtPr></w:sdt>"),
    "docx-alt-text.docx": docx(f"<w:p><w:r><w:drawing><wp:docPr xmlns:wp='x' id='1' name='a' descr='{SECRET}'/></w:drawing></w:r></w:p>"),
    "docx-comment.docx": docx(**{"word/comments.xml": _word("comments", SECRET)}),
    "docx-footnote.docx": docx(**{"word/footnotes.xml": _word("footnotes", SECRET)}),
    "docx-endnote.docx": docx(**{"word/endnotes.xml": _word("endnotes", SECRET)}),
    "docx-header.docx": docx(**{"word/header1.xml": _word("hdr", SECRET)}),
    "docx-footer.docx": docx(**{"word/footer2.xml": _word("ftr", SECRET)}),
    "docx-title.docx": docx(**{"docProps/core.xml": f"{XML}<cp:coreProperties xmlns:cp='c' xmlns:dc='d'><dc:title>{SECRET}</dc:title></cp:coreProperties>"}),
    "docx-keywords.docx": docx(**{"docProps/core.xml": f"{XML}<cp:coreProperties xmlns:cp='c'><cp:keywords>{SECRET}</cp:keywords></cp:coreProperties>"}),
    "docx-custom-property.docx": docx(**{"docProps/custom.xml": f"{XML}<Properties xmlns:vt='v'><property name='BSN'><vt:lpwstr>{NUMBER}</vt:lpwstr></property></Properties>"}),
    "docx-company.docx": docx(**{"docProps/app.xml": f"{XML}<Properties><Company>{SECRET}</Company></Properties>"}),
    "docx-custom-xml.docx": docx(**{"customXml/item1.xml": f"{XML}<patient bsn='{NUMBER}'/>"}),
    "docx-custom-xml-element.docx": docx(**{"customXml/item1.xml": f"{XML}<patient><bsn>{NUMBER}</bsn></patient>"}),
    "docx-variable.docx": docx(**{"word/settings.xml": f"{XML}<w:settings {W}><w:docVars><w:docVar w:name='bsn' w:val='{SECRET}'/></w:docVars></w:settings>"}),
    "docx-link.docx": docx(**{"word/_rels/document.xml.rels": f"{XML}<Relationships><Relationship Target='https://a.example/?bsn={NUMBER}' TargetMode='External'/></Relationships>"}),
    "docx-glossary.docx": docx(**{"word/glossary/document.xml": _word("glossaryDocument", SECRET)}),
    "docx-alt-chunk.docx": docx(**{"word/afchunk.html": f"<html><p>{SECRET}</p></html>"}),
    "docx-embedded-xlsx.docx": docx(**{"word/embeddings/Blad.xlsx": xlsx(_cells([SECRET]))}),
    "docx-embedded-package.docx": docx(**{"word/embeddings/oleObject1.bin": zipped({"a.txt": SECRET})}),
    "docx-style-name.docx": docx(**{"word/styles.xml": f"{XML}<w:styles {W}><w:style><w:name w:val='{SECRET}'/></w:style></w:styles>"}),
    "docx-utf-16.docx": docx(**{"word/comments.xml": _word("comments", SECRET).replace("UTF-8", "UTF-16").encode("utf-16")}),
    "docx-entities.docx": docx("<w:p><w:r><w:t>BSN " + "".join(f"&#{ord(d)};" for d in NUMBER) + "</w:t></w:r></w:p>"),
    "docx-cdata.docx": docx("<w:p><w:r><w:t>BSN <![CDATA[111]]>222<!-- x -->333</w:t></w:r></w:p>"),
    "docx-named-part.docx": docx(**{f"word/media/bsn{NUMBER}.txt": "x"}),
    "docx-odd-part-name.docx": docx(**{"geheim.dat": f"<a>{SECRET}</a>"}),
    "docx-stored.docx": zipped({"word/document.xml": f"<w:document {W}><w:p>{runs(SECRET)}</w:p></w:document>", "[Content_Types].xml": TYPES}, zipfile.ZIP_STORED),
    "xlsx-shared-string.xlsx": xlsx(strings=f"<si><t>{SECRET}</t></si>"),
    "xlsx-rich-string.xlsx": xlsx(strings="<si><r><t>BSN 111</t></r><r><t>222</t></r><r><t>333</t></r></si>"),
    "xlsx-number.xlsx": xlsx(LABELLED, strings="<si><t>BSN</t></si>"),
    "xlsx-number-scientific.xlsx": xlsx("<row><c t=\"s\"><v>0</v></c><c><v>1.11222333E8</v></c></row>", strings="<si><t>BSN</t></si>"),
    "xlsx-number-decimal.xlsx": xlsx("<row><c t=\"s\"><v>0</v></c><c><v>111222333.0</v></c></row>", strings="<si><t>BSN</t></si>"),
    "xlsx-number-in-pieces.xlsx": xlsx(_cells(["BSN", "111", "222", "333"])),
    "xlsx-cell-each-digit.xlsx": xlsx(_cells(["BSN", *NUMBER])),
    "xlsx-column-each-digit.xlsx": xlsx("".join(_cells([text]) for text in ["BSN", *NUMBER])),
    "xlsx-header-far-above.xlsx": xlsx(_cells(["Naam", "BSN"]) + "".join(_cells([f"Persoon {n}", "onbekend"]) for n in range(60)) + _cells(["Jansen", NUMBER])),
    "xlsx-hidden-sheet.xlsx": xlsx(_cells([SECRET]), state="hidden"),
    "xlsx-very-hidden-sheet.xlsx": xlsx(_cells([SECRET]), state="veryHidden"),
    "xlsx-hidden-row.xlsx": xlsx(f'<row hidden="1"><c t="inlineStr"><is><t>{SECRET}</t></is></c></row>'),
    "xlsx-formula.xlsx": xlsx(f'<row><c><f>IF(1,"{SECRET}","")</f><v>0</v></c></row>'),
    "xlsx-formula-joins.xlsx": xlsx('<row><c><f>"BSN "&amp;111&amp;222&amp;333</f><v>BSN 111222333</v></c></row>'),
    "xlsx-comment.xlsx": xlsx(**{"xl/comments1.xml": f"<comments {S}><commentList><comment><text><t>{SECRET}</t></text></comment></commentList></comments>"}),
    "xlsx-threaded-comment.xlsx": xlsx(**{"xl/threadedComments/threadedComment1.xml": f"<ThreadedComments><threadedComment><text>{SECRET}</text></threadedComment></ThreadedComments>"}),
    "xlsx-sheet-name.xlsx": xlsx(**{"xl/workbook.xml": f'<workbook {S}><sheets><sheet name="{SECRET}" sheetId="1"/></sheets></workbook>'}),
    "xlsx-defined-name.xlsx": xlsx(**{"xl/workbook.xml": f'<workbook {S}><definedNames><definedName name="x">"{SECRET}"</definedName></definedNames></workbook>'}),
    "xlsx-header-footer.xlsx": xlsx(**{"xl/worksheets/sheet2.xml": f"<worksheet {S}><headerFooter><oddHeader>&amp;C{SECRET}</oddHeader></headerFooter></worksheet>"}),
    "xlsx-validation.xlsx": xlsx(**{"xl/worksheets/sheet2.xml": f'<worksheet {S}><dataValidations><dataValidation prompt="{SECRET}"/></dataValidations></worksheet>'}),
    "xlsx-drawing.xlsx": xlsx(**{"xl/drawings/drawing1.xml": f'<xdr:wsDr xmlns:xdr="x" {A}><a:p><a:r><a:t>BSN 111</a:t></a:r><a:r><a:t>222333</a:t></a:r></a:p></xdr:wsDr>'}),
    "xlsx-chart.xlsx": xlsx(**{"xl/charts/chart1.xml": f'<c:chart xmlns:c="c"><c:strCache><c:pt><c:v>{SECRET}</c:v></c:pt></c:strCache></c:chart>'}),
    "xlsx-pivot-cache.xlsx": xlsx(**{"xl/pivotCache/pivotCacheRecords1.xml": f'<pivotCacheRecords {S}><r><s v="{SECRET}"/></r></pivotCacheRecords>'}),
    "xlsx-external-link.xlsx": xlsx(**{"xl/externalLinks/externalLink1.xml": f'<externalLink {S}><cell r="A1" t="str"><v>{SECRET}</v></cell></externalLink>'}),
    "xlsx-connection.xlsx": xlsx(**{"xl/connections.xml": f'<connections {S}><connection><dbPr command="select 1 where bsn={NUMBER}"/></connection></connections>'}),
    "pptx-slide.pptx": pptx(**{"ppt/slides/slide1.xml": f"<p:sld {A}><a:p><a:r><a:t>BSN 111</a:t></a:r><a:r><a:t>222333</a:t></a:r></a:p></p:sld>"}),
    "pptx-hidden-slide.pptx": pptx(**{"ppt/slides/slide1.xml": f'<p:sld {A} show="0"><a:p><a:r><a:t>{SECRET}</a:t></a:r></a:p></p:sld>'}),
    "pptx-notes.pptx": pptx(**{"ppt/notesSlides/notesSlide1.xml": f"<p:notes {A}><a:p><a:r><a:t>{SECRET}</a:t></a:r></a:p></p:notes>"}),
    "pptx-comment.pptx": pptx(**{"ppt/comments/comment1.xml": f"<p:cmLst {A}><p:cm><p:text>{SECRET}</p:text></p:cm></p:cmLst>"}),
    "pptx-master.pptx": pptx(**{"ppt/slideMasters/slideMaster1.xml": f"<p:sldMaster {A}><a:t>{SECRET}</a:t></p:sldMaster>"}),
    "pptx-table.pptx": pptx(**{"ppt/slides/slide1.xml": f"<p:sld {A}><a:tbl><a:tr>" + "".join(f"<a:tc><a:p><a:t>{t}</a:t></a:p></a:tc>" for t in ["BSN", *NUMBER]) + "</a:tr></a:tbl></p:sld>"}),
    "pptx-diagram.pptx": pptx(**{"ppt/diagrams/data1.xml": f"<dgm:dataModel xmlns:dgm='d' {A}><a:t>{SECRET}</a:t></dgm:dataModel>"}),
    "odt-spans.odt": odf("text", "<text:p>BSN 111<text:span>222</text:span><text:span>333</text:span></text:p>"),
    "odt-spaces.odt": odf("text", '<text:p>BSN<text:s text:c="2"/>111<text:s/>222<text:s/>333</text:p>'),
    "odt-deleted.odt": odf("text", f"<text:tracked-changes><text:deletion><text:p>{SECRET}</text:p></text:deletion></text:tracked-changes>"),
    "odt-note.odt": odf("text", f"<text:p><text:note><text:note-body><text:p>{SECRET}</text:p></text:note-body></text:note></text:p>"),
    "odt-annotation.odt": odf("text", f"<text:p><office:annotation><text:p>{SECRET}</text:p></office:annotation></text:p>"),
    "odt-hidden-text.odt": odf("text", f'<text:p><text:hidden-text text:string-value="{SECRET}"/></text:p>'),
    "odt-header.odt": odf("text", **{"styles.xml": f"<office:document-styles {O}><style:header><text:p>{SECRET}</text:p></style:header></office:document-styles>"}),
    "odt-subject.odt": odf("text", **{"meta.xml": f"<office:document-meta {O}><dc:subject>{SECRET}</dc:subject></office:document-meta>"}),
    "odt-user-field.odt": odf("text", **{"meta.xml": f'<office:document-meta {O}><meta:user-defined meta:name="BSN">{NUMBER}</meta:user-defined></office:document-meta>'}),
    "odt-setting.odt": odf("text", **{"settings.xml": f"<config><config-item>{SECRET}</config-item></config>"}),
    "ods-cells.ods": odf("spreadsheet", "<table:table-row>" + "".join(f"<table:table-cell><text:p>{t}</text:p></table:table-cell>" for t in ("BSN", "111", "222", "333")) + "</table:table-row>"),
    "ods-cell-each-digit.ods": odf("spreadsheet", "<table:table-row>" + "".join(f"<table:table-cell><text:p>{t}</text:p></table:table-cell>" for t in ["BSN", *NUMBER]) + "</table:table-row>"),
    "ods-value-only.ods": odf("spreadsheet", f'<table:table-row><table:table-cell><text:p>BSN</text:p></table:table-cell><table:table-cell office:value="{NUMBER}"><text:p>1,1E8</text:p></table:table-cell></table:table-row>'),
    "ods-hidden-sheet.ods": odf("spreadsheet", f'<table:table table:display="false"><table:table-row><table:table-cell><text:p>{SECRET}</text:p></table:table-cell></table:table-row></table:table>'),
    "odp-notes.odp": odf("presentation", f"<draw:page><presentation:notes><text:p>{SECRET}</text:p></presentation:notes></draw:page>"),
    "odt-embedded.odt": odf("text", **{"Object 1/content.xml": f"<office:document-content {O}><text:p>{SECRET}</text:p></office:document-content>"}),
    "odt-flat.fodt": f"{XML}<office:document {O}><office:body><text:p>BSN 111<text:span>222</text:span>333</text:p></office:body></office:document>".encode(),
    "word-2003.xml": f"{XML}<?mso-application progid='Word.Document'?><w:wordDocument xmlns:w='http://schemas.microsoft.com/office/word/2003/wordml'><w:body><w:p>{runs(SECRET)}</w:p></w:body></w:wordDocument>".encode(),
    "epub.epub": zipped({"mimetype": "application/epub+zip", "OEBPS/h1.xhtml": "<html xmlns='http://www.w3.org/1999/xhtml'><p>BSN 111<b>222</b>333</p></html>"}),
    "visio.vsdx": zipped({"[Content_Types].xml": TYPES, "visio/pages/page1.xml": "<PageContents><Text>BSN <cp/>111<cp/>222333</Text></PageContents>"}),
    "xps.oxps": zipped({"[Content_Types].xml": TYPES, "Documents/1/Pages/1.fpage": '<FixedPage><Glyphs UnicodeString="BSN 111222333"/></FixedPage>'}),
}  # fmt: skip


def cases() -> dict[str, Case]:
    return {
        f"office-{name.rpartition('.')[0]}": found(attached(f"stuk.{name.rpartition('.')[2]}", content), "attachment:*")
        for name, content in DOCUMENTS.items()
    }
