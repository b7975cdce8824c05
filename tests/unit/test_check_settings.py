from check_settings import main
from jobs import job

from nomoflow.run import read_rows

GOOD = {"imageType": {"Original": {}}, "featureClass": {"firstorder": []}, "setting": {}}


def check(folder, **settings):
    params = {"file": "settings.yaml", "settings": settings, "shape": True, "subbands": []}
    main(job(outputs={"problems": folder / "problems.csv"}, params=params))
    return read_rows(folder / "problems.csv")


def test_known_settings_are_no_problem(tmp_path):
    assert check(tmp_path, CT=GOOD, MR=GOOD | {"setting": {"binWidth": 5}}) == []


def test_an_unknown_setting_is_named_with_its_phase(tmp_path):
    (row,) = check(tmp_path, CT=GOOD, MR=GOOD | {"setting": {"binwidth": 5}})
    assert (row["phase"], row["file"]) == ("MR", "settings.yaml")
    assert "binwidth" in row["found"]
