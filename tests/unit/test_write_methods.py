"""Rule write_methods: sentences follow settings, numbers are the tables', keys match entries."""

import csv
import json
import re
from pathlib import Path

import pytest
from jobs import job
from synthetic_results import DIGEST, SIGNATURES, config, statements, write_results
from write_methods import main

from nomoflow.methods_text import REFERENCES, SECTIONS, bibliography, keys_in, without_keys
from nomoflow.run import read_json, read_rows, write_json, write_rows

KEY = re.compile(r"@([a-z]+\d{4})")


@pytest.fixture
def write(tmp_path):
    """Write the text of a made-up study; gives text and bibliography."""

    def write(texts=None, spoil=None, without=(), **changes):
        inputs = write_results(tmp_path)
        for name in without:
            del inputs[name]
        if spoil:
            spoil(inputs)
        outputs = {name: str(tmp_path / name) for name in ("methods", "references")}
        params = {"study": "made", "config": config(**changes), "statements": texts or {},
                  "signatures": SIGNATURES}  # fmt: skip
        main(job(inputs, outputs, params))
        return [Path(outputs[name]).read_text(encoding="utf-8") for name in outputs]

    return write


def document(name, change):
    def spoil(inputs):
        paths = inputs[name] if isinstance(inputs[name], list) else [inputs[name]]
        for path in paths:
            content = read_json(path)
            change(content)
            write_json(content, path)

    return spoil


def rows_of(name, change):
    def spoil(inputs):
        rows = read_rows(inputs[name])
        for row in rows:
            change(row)
        write_rows(rows, inputs[name], rows[0])

    return spoil


def fell_back(content):
    content["status"] = "fallback"


def emptied(content):
    content |= {"status": "empty", "selected": 0}


def separated(content):
    content["models"]["nomogram"] |= {"status": "separated", "covariance": {"method": "Firth"}}


def unread(row):
    row |= {"comparison": "none", "icc": "", "n": ""}


COMBAT = {"harmonisation": {"method": "combat", "batch": "scanner", "reference": None}}
# What stands in the text only where it was so: words, without it, with it.
CASES = {
    "Firth": ("Firth's penalised likelihood", {}, {"spoil": document("model", separated)}),
    "no refit": ("LASSO's own linear predictor was taken", {},
                 {"spoil": document("statuses", fell_back)}),
    "empty": ("The LASSO kept no feature for early", {}, {"spoil": document("statuses", emptied)}),
    "lasso score": ("is the LASSO's own linear predictor.", {}, {"signature": {"score": "lasso"}}),
    "refit": ("unpenalised logistic regression", {"signature": {"score": "lasso"}}, {}),
    "1se": ("within one standard error", {}, {"signature": {"penalty": "1se"}}),
    "folds given": ("with the folds given", {}, {"signature": {"folds_file": "folds.csv"}}),
    "imputation": ("were filled in by the median", {},
                   {"models": {"missing": "impute"},
                    "spoil": rows_of("missing", lambda row: row.update(missing="2"))}),
    "nothing missing": ("No predictor had a missing value",
                        {"spoil": rows_of("missing", lambda row: row.update(missing="1"))}, {}),
    "all predictors": ("clinical predictors all were kept", {}, {"models": {"select": "all"}}),
    "backward": ("backward by AIC", {}, {"models": {"select": "backward"}}),
    "combat": ("harmonised by ComBat over scanner", {}, {"centres": COMBAT}),
    "prescaled": ("had been scaled over all patients", {}, {"features": {"prescaled": True}}),
    "no second reading": ("No patient was read again, so all features were kept", {},
                          {"spoil": rows_of("icc", unread)}),
    "second reading": ("exceeded 0.75 between two readers and between two sessions",
                       {"spoil": rows_of("icc", unread)}, {}),
    "lower limit": ("the lower confidence limit of ICC(A,1)", {},
                    {"reliability": {"judged": "lower_limit"}}),
    "within training": ("found in each training part", {},
                        {"reliability": {"filter": "within_training"}}),
    "ready table": ("came ready in a table", {},
                    {"without": ("engine", "quality", "acquisition", "dice")}),
    "images": ("were computed by pyradiomics 3.0.1",
               {"without": ("engine", "quality", "acquisition", "dice")}, {}),
    "exclusion policy": ("a problem left the patient out", {},
                         {"images": {"on_problem": "exclude"}}),
    "bootstrap": ("bootstrap resamples that repeat",
                  {"spoil": lambda inputs: write_rows(
                      [r for r in read_rows(inputs["performance"])
                       if not r["sample"].startswith("corrected")],
                      inputs["performance"], read_rows(inputs["performance"])[0])}, {}),
    "perfect AUC": ("(Newcombe's where that is 1", {},
                    {"spoil": rows_of("performance", lambda row: row.update(method="Newcombe"))}),
    "design": ("What the authors say of design, in full.", {}, {"texts": statements()}),
    "no volume": ("tumour's volume alone",
                  {"spoil": document("model", lambda content: content["models"]["volume"].update(
                      status="unavailable", reason="no volumes"))}, {}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_sentence_stands_only_where_it_was_so(write, case):
    words, without, with_it = CASES[case]
    assert words not in write(**without)[0]
    text, references = write(**with_it)
    assert words in text
    assert set(KEY.findall(text)) == set(re.findall(r"^@\w+\{(\w+),", references, re.M))


def test_keys_and_entries_are_the_same_and_every_entry_is_used_somewhere(write):
    text, references = write()
    assert set(KEY.findall(text)) == set(re.findall(r"^@\w+\{(\w+),", references, re.M))
    assert references.count("{") == references.count("}")
    all_keys = set(re.findall(r"^@\w+\{(\w+),", REFERENCES.read_text(encoding="utf-8"), re.M))
    sources = [Path(REFERENCES.parents[1], "scripts/nomoflow", f"methods_of_{part}.py")
               for part in ("data", "models")]  # fmt: skip
    cited = {key for path in sources for key in KEY.findall(path.read_text(encoding="utf-8"))}
    assert cited == all_keys


def test_an_entry_that_is_not_there_is_an_error():
    with pytest.raises(KeyError):
        bibliography(["nobody1900"], "@article{somebody2000,\n  year = {2000}\n}\n")


def test_keys_are_found_and_taken_out():
    text = "As shown [@a2000; @b2001], and told [@c-d]. An e-mail [me@home] stays."
    assert keys_in(text) == ["a2000", "b2001", "c-d"]
    assert without_keys(text) == "As shown, and told. An e-mail [me@home] stays."


def test_numbers_are_those_of_the_tables(write, tmp_path):
    """Read a second way: plain csv and json, counted here."""
    text, _ = write()
    inputs = write_results(tmp_path / "again")

    def read(name):
        with open(inputs[name], newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    criteria, icc = read("criteria"), read("icc")
    model = json.loads(Path(inputs["model"]).read_bytes())
    kept = len({(row["phase"], row["feature"]) for row in icc if row["kept"] == "True"})
    both = len({(row["phase"], row["feature"]) for row in icc})
    auc = next(row for row in read("performance") if row["model"] == "nomogram"
               and row["sample"] == "cross_validated" and row["metric"] == "auc")  # fmt: skip
    held = [row for row in read("predictions") if row["sample"] == "cross_validated"]
    status = [json.loads(Path(path).read_bytes()) for path in inputs["statuses"]]
    phases = json.loads(Path(inputs["settings"]).read_bytes())["phases"]
    for words in (
        f"Of {criteria[0]['remaining']} patients in the table, {model['cohort']['patients']} were",
        f"bad ({model['cohort']['events']} patients) against good (6)",
        f"too large ({criteria[1]['removed']})",
        f"in {icc[0]['n']} patients [@mcgraw1996], found once, without the outcome: {kept} of "
        f"{both} features",
        f"{sum(one['features'] for one in phases.values())} in all",
        f"early {status[0]['candidates']}, late {status[1]['candidates']}",
        f"early {len(status[0]['features'])}, late {len(status[1]['features'])}, combined 4.",
        f"{len({row['repeat'] for row in held})} repeats of "
        f"{len({row['fold'] for row in held})}-fold nested cross-validation",
        f"cross-validated AUC was {float(auc['estimate']):.3f} ({float(auc['ci_low']):.3f}–",
        "the apparent one, 0.940, is optimistic",
        "by 50 bootstrap resamples",
        "over 1,000 resamples of patients",
        "median of 0.91",  # of 0.88 and 0.94
        f"the model's digest is {DIGEST}",
        "Student's t and Fisher's exact",
    ):
        assert words in text


def test_limitations_end_the_text(write):
    text, _ = write()
    assert text.rstrip().splitlines()[-1].startswith("- ")
    assert "\n## Limitations\n" in text
    assert "fewer patients than a new model of this size needs" in text


def test_every_sentence_ends_and_none_is_left_half(write):
    text, _ = write(statements())
    body = text.split("## Limitations")[0]
    for paragraph in body.split("\n\n"):
        if paragraph and not paragraph.startswith("#"):
            assert paragraph.strip().endswith(".")
    for broken in ("None", "nan", "  ", "..", " ,", "()", "{", "}"):
        assert broken not in body, broken
    assert len(SECTIONS) == len(re.findall(r"^## ", body, re.M))


def test_the_same_study_gives_the_same_bytes(write):
    assert write(statements()) == write(statements())
