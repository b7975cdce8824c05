"""What a script reaches is found at any depth, and an edit of any of it is noticed."""

import hashlib

from nomoflow.code_digests import code_digests, source_digest


def write(root, **files):
    (root / "scripts/nomoflow").mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        folder = "scripts" if name == "make_it" else "scripts/nomoflow"
        (root / folder / f"{name}.py").write_text(text)


def test_modules_at_any_depth(tmp_path):
    write(
        tmp_path,
        make_it="from nomoflow.first import thing\nimport numpy\n",
        first="def thing():\n    from nomoflow import second\n",
        second="from nomoflow.first import thing\n",
        other="",
    )
    found = code_digests("make_it", tmp_path)
    assert list(found) == ["first", "second"]
    text = (tmp_path / "scripts/nomoflow/second.py").read_bytes()
    assert found["second"] == hashlib.sha256(text).hexdigest()


def test_an_edit_is_noticed(tmp_path):
    write(tmp_path, make_it="from nomoflow import first\n", first="x = 1\n")
    before = code_digests("make_it", tmp_path)
    write(tmp_path, first="x = 2\n")
    assert code_digests("make_it", tmp_path) != before


def test_texts_and_schemas_that_a_module_names_are_part_of_it(tmp_path):
    write(
        tmp_path,
        make_it="from nomoflow import first\n",
        first='A = ROOT / "report/texts"\nB = "config/schemas/one.json"\nC = "report/study.html"\n',
    )
    texts = {"report/texts/zh.json": "{}", "config/schemas/one.json": "1", "config/other.json": ""}
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    before = code_digests("make_it", tmp_path)
    assert list(before) == ["config/schemas/one.json", "first", "report/texts/zh.json"]
    (tmp_path / "report/texts/zh.json").write_text("{ }")
    after = code_digests("make_it", tmp_path)
    assert [name for name in after if after[name] != before[name]] == ["report/texts/zh.json"]


def test_imports_are_found_however_they_are_written(tmp_path):
    names = ("first", "second", "third", "fourth", "fifth")
    source = (
        "import nomoflow_not\n"
        "from nomoflow.first import thing as other  # from nomoflow import no\n"
        "from nomoflow import (\n    second,  # a, remark\n    third as one,\n)\n"
        "def later():\n    from nomoflow import fourth, fifth\n"
    )
    write(tmp_path, make_it=source, **dict.fromkeys(names, ""))
    assert list(code_digests("make_it", tmp_path)) == sorted(names)


def test_digest_of_several_files_is_that_of_their_content_by_name(tmp_path):
    (tmp_path / "b.txt").write_text("B")
    (tmp_path / "a.txt").write_text("A")
    expected = hashlib.sha256(b"AB").hexdigest()
    assert source_digest(tmp_path, "b.txt", "a.txt") == expected
