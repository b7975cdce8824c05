"""Rule trace_results: from what the report shows down to the study's own files."""

import hashlib
import json

import pytest
import trace_results
from synthetic_history import (
    FILES,
    IMAGES,
    OVERLAYS,
    PERFORMANCE,
    PLACE,
    RESAMPLED,
    SCANS,
    TABLES,
    TRACE,
    WARNINGS,
    finished_study,
    in_folder,
    put,
    trace_job,
)


@pytest.fixture
def study(tmp_path):
    import digest_images
    from synthetic_history import digest_job

    finished_study(tmp_path)
    in_folder(tmp_path, (digest_images.main, digest_job()))
    return tmp_path


def traced(root):
    in_folder(root, (trace_results.main, trace_job()))
    return json.loads((root / TRACE).read_bytes())


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_the_whole_ancestry_of_what_is_shown(study):
    files = traced(study)["files"]
    made = {f"{PLACE}/cohort/preflight/0000.csv", FILES, f"{PLACE}/cohort/participants.csv"}
    made |= {f"{PLACE}/cohort/exclusions.csv", PERFORMANCE, RESAMPLED, OVERLAYS}
    assert {path for path, one in files.items() if one["rule"]} == made
    assert {path for path, one in files.items() if not one["rule"]} == {*IMAGES, *TABLES}
    # Every input of a file is itself a file of the trace: nothing leads nowhere.
    assert {path for one in files.values() for path in one["inputs"]} <= set(files)
    one = files[PERFORMANCE]
    assert one["rule"] == "measure_performance" and one["wildcards"] == {"study": "mini"}
    assert one["params"]["seed"] == 3 and set(one["params"]["code"]) == {"sha256"}
    content = (study / PERFORMANCE).read_bytes()
    assert (one["sha256"], one["size"]) == (sha256(content), len(content))
    assert WARNINGS not in files


def test_a_folder_is_one_entry_over_its_files(study):
    one = traced(study)["files"][RESAMPLED]
    names = ("p1.mha", "p2.mha")
    content = [(study / RESAMPLED / name).read_bytes() for name in names]
    told = ", ".join(f'"{n}": "{sha256(c)}"' for n, c in zip(names, content, strict=True))
    assert one["sha256"] == sha256(f"{{{told}}}".encode())
    assert (one["files"], one["size"]) == (2, sum(map(len, content)))
    assert traced(study)["files"][IMAGES[2]]["files"] == 3


def test_the_uid_of_a_series_is_told_by_a_digest(study):
    in_folder(study, (trace_results.main, trace_job()))
    text = (study / TRACE).read_text(encoding="utf-8")
    assert SCANS[1]["image"].endswith("#1.2.840.99") and "1.2.840.99" not in text


def test_the_same_bytes_whatever_the_order_of_logs_and_times(study):
    before = traced(study)
    logs = sorted((study / "logs/mini").glob("*.log"))
    for log in logs:
        text = log.read_text(encoding="utf-8").replace('"seconds": 1.5', '"seconds": 99')
        log.unlink()
        put(study, f"logs/mini/z/{log.name}", text.replace('"prefix": "/', '"prefix": "/other/'))
    assert traced(study) == before
