"""Any CSV."""

import csv
import json
import os
from pathlib import Path

import pytest

from crm.ingest.files import Rejects, UnreadableFile, columns, read, sniff

DATA = Path(os.environ.get("RELATA_DATA", Path(__file__).parents[4] / "shared" / "data"))
LIMIT = 10_000_000


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def rows(path: Path) -> list[list[str]]:
    return [row.cells for row in read(path, sniff(path, max_bytes=LIMIT))]


@pytest.mark.parametrize(
    ("encoding", "text", "named"),
    [
        ("utf-8", "编号,名字\n1,安宁\n", "utf-8"),
        ("utf-8-sig", "id,name\n1,Zoë\n", "utf-8-sig"),
        ("utf-16", "id\tname\n1\tZoë\n", "utf-16"),
        ("gb18030", "编号,名字,说明\n1,安宁,这是一个测试文件\n", "gb18030"),
        ("latin-1", "id,name,town\n1,Zoë,Málaga\n2,Çelik,Köln\n", "latin-1"),
    ],
)
def test_the_encoding_is_found_out(tmp_path: Path, encoding: str, text: str, named: str) -> None:
    path = written(tmp_path / "a.csv", text, encoding)
    assert sniff(path, max_bytes=LIMIT).encoding == named
    assert rows(path)[-1][1] == text.strip().splitlines()[-1].replace("\t", ",").split(",")[1]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_out_even_when_cells_hold_others(tmp_path: Path, delimiter: str) -> None:
    lines = [["id", "text"], ["1", "a; b, c | d"], ["2", 'two\nlines and a "quote"']]
    path = tmp_path / "a.csv"
    with path.open("w", newline="") as stream:
        csv.writer(stream, delimiter=delimiter).writerows(lines)
    assert rows(path) == lines


def test_a_row_of_another_width_is_told_with_its_line(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", 'id,name\r\n1,"two\r\nlines"\r\n2\r\n\r\n3,c,d\r\n4,e\r\n')
    found = list(read(path, sniff(path, max_bytes=LIMIT)))
    assert [(row.line, bool(row.problem)) for row in found] == [
        (1, False),
        (3, False),
        (4, True),
        (6, True),
        (7, False),
    ]


@pytest.mark.parametrize("text", ["", "a\x00b,c\n", "id,id\n1,2\n", ",".join(f"c{n}" for n in range(501)) + "\n"])
def test_what_is_no_table_is_refused(tmp_path: Path, text: str) -> None:
    path = written(tmp_path / "a.csv", text)
    with pytest.raises(UnreadableFile):
        list(read(path, sniff(path, max_bytes=LIMIT)))


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile):
        sniff(written(tmp_path / "a.csv", "id\n" * 10), max_bytes=5)


def test_a_quote_that_is_never_closed_does_not_swallow_the_memory(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", 'id,name\n1,"open\n' + "x,y\n" * 400_000)
    found = list(read(path, sniff(path, max_bytes=LIMIT)))
    assert any("quote" in row.problem for row in found)


def test_columns_are_found_by_name_or_by_mapping() -> None:
    ours = ("external_id", "order_id")
    assert columns(["Order ID", "客户"], {"客户": "external_id"}, ours) == {"order_id": 0, "external_id": 1}
    for mapping in ({"nothing": "external_id"}, {"客户": "salary"}):
        with pytest.raises(UnreadableFile):
            columns(["Order ID", "客户"], mapping, ours)


def test_rejects_hold_the_original_columns_and_the_reason(tmp_path: Path) -> None:
    with Rejects(tmp_path / "deep" / "r.csv", ["id", "name"]) as rejects:
        rejects.add(3, ["1", '=cmd("x")'], "name", "Too long.")
        rejects.add(4, ["2"], "", "One cell.")
    with rejects.path.open(encoding="utf-8-sig", newline="") as stream:
        assert list(csv.reader(stream)) == [
            ["id", "name", "line", "column", "reason"],
            ["1", '\'=cmd("x")', "3", "name", "Too long."],
            ["2", "", "4", "", "One cell."],
        ]
    assert rejects.path.stat().st_mode & 0o077 == 0
    assert rejects.reasons == {"Too long.": 1, "One cell.": 1}


@pytest.mark.skipif(not (DATA / "csv-spectrum").exists(), reason="the csv-spectrum files are not here (RELATA_DATA)")
def test_the_csv_spectrum_is_read_as_its_json_says() -> None:
    checked = 0
    for path in sorted((DATA / "csv-spectrum/raw/csvs").glob("*.csv")):
        if path.stem == "location_coordinates":
            continue  # its JSON holds another phone number than its CSV
        header, *rest = rows(path)
        expected = json.loads((DATA / f"csv-spectrum/raw/json/{path.stem}.json").read_text())
        expected = expected if isinstance(expected, list) else [expected]
        found = [dict(zip(header, cells, strict=True)) for cells in rest]
        # The expected files write line ends as they are on one machine.
        assert [{k: v.replace("\r\n", "\n") for k, v in row.items()} for row in found] == [
            {k: v.replace("\r\n", "\n") for k, v in row.items()} for row in expected
        ], path.name
        checked += 1
    assert checked >= 11


@pytest.mark.skipif(not (DATA / "csv-pollock").exists(), reason="the Pollock files are not here (RELATA_DATA)")
def test_every_polluted_file_is_read_or_refused_and_none_breaks_the_reader() -> None:
    paths = sorted((DATA / "csv-pollock").rglob("csv/*.csv"))[::20]
    assert paths
    read_rows = refused = 0
    for path in paths:
        try:
            read_rows += len(rows(path))
        except UnreadableFile:
            refused += 1
    assert read_rows > 0
    assert refused < len(paths) / 4
