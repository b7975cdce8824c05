"""Evidence on images, masks and features: what was done, by settings in force and tables."""

from nomoflow.evidence import (
    FOR_AUTHORS,
    NOT_EVIDENCED,
    PASS,
    Finding,
    Results,
    Row,
    count,
    evidence,
    judged,
    listed,
    spread,
)
from nomoflow.wording import is_true, number, where

THICK_MM, FINE_MM = 5.0, 1.0  # slices of the first made voxels of the second: METRICS item 11
COMPLETE = (
    "binWidth", "binCount", "interpolator", "padDistance", "normalize", "normalizeScale",
    "removeOutliers", "resegmentRange", "resegmentMode", "distances", "symmetricalGLCM",
    "weightingNorm", "force2D", "gldm_a", "voxelArrayShift", "minimumROIDimensions",
)  # fmt: skip
HEADERS = {
    "CT": ("manufacturer", "slice_thickness_mm", "kernel", "kv"),
    "MR": ("manufacturer", "slice_thickness_mm", "repetition_time_ms", "echo_time_ms"),
    "PT": ("manufacturer", "slice_thickness_mm", "reconstruction", "units"),
}


@evidence()
def acquisition(r: Results) -> Finding:
    """Acquisition as the images' headers tell it; else the authors' protocol."""
    rows = _images(r)
    wanted = {"modality"}.union(*(HEADERS.get(row["modality"], HEADERS["CT"]) for row in rows))
    told = {name: sum(1 for row in rows if row[name]) for name in sorted(wanted)}
    value = ", ".join(f"{name} of {n}" for name, n in told.items()) + f" of {len(rows)} images"
    return _or_protocol(r, all(n == len(rows) for n in told.values()), value)


@evidence()
def scanners(r: Results) -> Finding:
    return _headers(r, "manufacturer", "model")


@evidence()
def modality(r: Results) -> Finding:
    return _headers(r, "modality")


@evidence()
def tube_voltage(r: Results) -> Finding:
    return _headers(r, "kv")


@evidence()
def tube_current(r: Results) -> Finding:
    return _headers(r, "tube_current_ma")


@evidence()
def exposure(r: Results) -> Finding:
    return _headers(r, "exposure_mas")


@evidence()
def kernels(r: Results) -> Finding:
    return _headers(r, "kernel")


@evidence()
def slice_thickness(r: Results) -> Finding:
    return _headers(r, "slice_thickness_mm")


def _headers(r: Results, *names: str) -> Finding:
    """What all headers tell under these names; else the authors' protocol."""
    rows = _images(r)
    values = [" ".join(row[name] for name in names) for row in rows if all(row[n] for n in names)]
    told = listed(sorted(set(values))) if values else "no header tells it"
    return _or_protocol(
        r, len(values) == len(rows), f"{told} ({len(values)} of {len(rows)} images)"
    )


def _images(r: Results) -> list[Row]:
    """What is known of each image; nothing where features came as a table."""
    return r.rows("acquisition") if r.has("acquisition") else []


def _or_protocol(r: Results, told: bool, value: str) -> Finding:
    files = r.paths.get("acquisition", ())
    if told and files:
        return Finding(PASS, value, files)
    value = value if files else "no image was read here"
    if text := r.statements.get("imaging_protocol"):
        return Finding(PASS, f"{value}; the authors: {text}", (*files, *r.files("statements")))
    note = "the headers do not tell all: write imaging_protocol in the file of statements"
    return Finding(FOR_AUTHORS, value, files, note)


@evidence("quality")
def in_plane(r: Results) -> Finding:
    """Distance between pixels, of every image."""
    return _spacing(r, 0)


@evidence("quality")
def slice_spacing(r: Results) -> Finding:
    """Distance between slices, of every image."""
    return _spacing(r, 2)


def _spacing(r: Results, axis: int) -> Finding:
    found = [number(row["spacing_mm"].split()[axis]) for row in r.rows("quality")]
    return judged(bool(found), f"{spread(found)} mm, {len(found)} scans", r.files("quality"))


@evidence("quality")
def masks(r: Results) -> Finding:
    """Every scan with a mask in three dimensions: voxels and volume."""
    rows = r.rows("quality")
    empty = [row["patient"] for row in rows if not number(row["voxels"]) > 0]
    volumes = [number(row["volume_mm3"]) / 1000 for row in rows]
    value = f"{count(len(rows), 'mask')} in 3D, {min(volumes):.2g} to {max(volumes):.2g} mL"
    return judged(not empty, value, r.files("quality"), f"empty: {listed(empty)}" if empty else "")


@evidence("dice")
def mask_agreement(r: Results) -> Finding:
    """Masks compared by Dice, as far as there are two of a lesion."""
    values = sorted(number(row["dice"]) for row in r.rows("dice") if row["dice"])
    if not values:
        return judged(False, "no mask was compared with another", r.files("dice"))
    middle = values[len(values) // 2]
    value = f"median Dice {middle:.3f} of {count(len(values), 'pair')} of masks"
    return judged(True, value, r.files("dice"))


@evidence("quality", "predictions")
def single_reader(r: Results) -> Finding:
    """One reading (a1) of each patient and phase goes into the models."""
    patients = {row["patient"] for row in r.rows("predictions")}
    seen: dict[tuple, int] = {}
    for row in where(r.rows("quality"), reading="a1"):
        seen[row["patient"], row["phase"]] = seen.get((row["patient"], row["phase"]), 0) + 1
    phases = sorted({phase for _, phase in seen})
    wrong = [p for p in sorted(patients) if any(seen.get((p, phase)) != 1 for phase in phases)]
    value = f"reading a1 alone: {count(len(patients), 'patient')}, {count(len(phases), 'phase')}"
    note = f"not one mask a phase: {listed(wrong)}" if wrong else ""
    return judged(bool(phases) and not wrong, value, r.files("quality", "predictions"), note)


@evidence("preflight", "quality")
def quality_checks(r: Results) -> Finding:
    """What the checks before and after resampling found."""
    problems = r.rows("preflight")
    grave = sum(1 for row in problems if row["severity"] == "problem")
    scans = r.rows("quality")
    moved = sum(1 for row in scans if number(row["shift_mm"] or "0") > 0)
    value = (
        f"{count(len(scans), 'scan')} checked: {count(grave, 'problem')}, "
        f"{count(len(problems) - grave, 'warning')}, {moved} moved onto the image's grid"
    )
    return judged(bool(scans), value, r.files("preflight", "quality"))


@evidence("settings", "engine", "quality")
def resampling(r: Results) -> Finding:
    """Every scan on the grid that the settings say."""
    document = r.document("settings")
    asked, methods = document.get("spacing_mm"), _of_phases(document, "interpolator")
    rows = r.rows("quality")
    off = [
        row["patient"]
        for row in rows
        if any(abs(number(x) - number(str(asked))) > 1e-6 for x in row["spacing_after_mm"].split())
    ]
    before = [spread([number(row["spacing_mm"].split()[axis]) for row in rows]) for axis in (0, 2)]
    value = (
        f"{listed(methods)} to cubes of {asked} mm, from {before[0]} mm in the plane and slices "
        f"{before[1]} mm apart; masks to the nearest voxel"
    )
    note = f"not on this grid: {listed(off)}" if off else ""
    return judged(not off and bool(methods), value, r.files("settings", "quality"), note)


@evidence("settings", "engine", "quality")
def preprocessing(r: Results) -> Finding:
    """Cubic voxels, grey levels and filters told, and no thick slice made into fine voxels."""
    document, rows = r.document("settings"), r.rows("quality")
    parts = [judge(r) for judge in (resampling, discretisation, image_types)]
    thick = sum(1 for row in rows if number(row["spacing_mm"].split()[2]) >= THICK_MM)
    extreme = 2 * thick > len(rows) and number(str(document["spacing_mm"])) <= FINE_MM
    notes = [part.note for part in parts if part.status != PASS]
    if extreme:
        notes.append(f"{thick} of {len(rows)} scans have slices of {THICK_MM:g} mm or more")
    value = f"cubes of {document['spacing_mm']} mm; {parts[1].value}; {parts[2].value}"
    good = not extreme and all(part.status == PASS for part in parts)
    return judged(good, value, r.files("settings", "quality"), "; ".join(notes))


@evidence("settings", "engine")
def discretisation(r: Results) -> Finding:
    """Bins of a fixed width, or a fixed count of bins, in each phase."""
    phases = r.document("settings")["phases"]
    told = {}
    for name, phase in phases.items():
        count_, width = phase["setting"].get("binCount"), phase["setting"].get("binWidth")
        told[name] = f"{count_} bins" if count_ else f"bins of width {width}" if width else ""
    bare = [name for name, text in told.items() if not text]
    note = f"not told for {listed(bare)}" if bare else ""
    return judged(not bare, _by_phase(told), r.files("settings"), note)


@evidence("settings", "engine")
def image_types(r: Results) -> Finding:
    """The image and its filtered versions, with the filters' parameters."""
    phases = r.document("settings")["phases"]
    told = {name: _types(phase) for name, phase in phases.items()}
    bare = [name for name, text in told.items() if not text]
    return judged(not bare, _by_phase(told), r.files("settings"))


def _types(phase: dict) -> str:
    parts = []
    for name, options in phase["imageType"].items():
        given = [
            f"{key} {' '.join(map(str, x)) if isinstance(x, list) else x}"
            for key, x in options.items()
        ]
        if name == "Wavelet":
            given.append(f"sub-bands {' '.join(phase.get('subbands') or ['all'])}")
        parts.append(f"{name} ({', '.join(given)})" if given else name)
    return ", ".join(parts)


@evidence("settings", "engine")
def extraction(r: Results) -> Finding:
    """Software and version, and that it was checked."""
    document, rows = r.document("settings"), r.rows("engine")
    versions = document.get("versions") or {}
    own = versions.get(document["engine"])
    others = [
        f"{name} {version}" for name, version in versions.items() if name != document["engine"]
    ]
    value = f"{document['engine']} {own}, {listed(others)}; {count(len(rows), 'feature')} checked"
    return judged(bool(own) and bool(rows), value, r.files("settings", "engine"))


@evidence("engine", "settings")
def engine(r: Results) -> Finding:
    """The installed engine on the IBSI digital phantom."""
    rows, document = r.rows("engine"), r.document("settings")
    agree = [row for row in rows if row["agrees"] == "yes"]
    differ = [row["feature"] for row in rows if row["agrees"] != "yes"]
    version = (document.get("versions") or {}).get(document["engine"])
    value = f"{document['engine']} {version}: {len(agree)} of {len(rows)} features agree"
    note = f"differ: {listed(differ)}" if differ else "some by another definition: see IBSI, below"
    return judged(bool(rows) and not differ and bool(version), value, r.files("engine"), note)


@evidence("settings", "engine")
def feature_classes(r: Results) -> Finding:
    phases = r.document("settings")["phases"]
    told = {name: ", ".join(phase["featureClass"]) for name, phase in phases.items()}
    return judged(all(told.values()), _by_phase(told), r.files("settings"))


@evidence("settings", "flow")
def feature_number(r: Results) -> Finding:
    """Features of each phase: as extracted, and as counted in the flow."""
    phases = r.document("settings")["phases"]
    made = {name: phase["features"] for name, phase in phases.items()}
    counted = {
        row["subject"]: int(row["remaining"])
        for row in r.rows("flow")
        if row["unit"] == "features" and row["step"] == "candidate features"
    }
    wrong = [name for name, many in made.items() if counted.get(name) != many]
    value = (
        f"{_by_phase({n: f'{many:,}' for n, many in made.items()})}; {sum(made.values()):,} in all"
    )
    note = f"the flow counts another number for {listed(wrong)}" if wrong else ""
    return judged(not wrong, value, r.files("settings", "flow"), note)


@evidence("settings", "engine")
def configuration(r: Results) -> Finding:
    """Every parameter in force, those left at their defaults too."""
    phases = r.document("settings")["phases"]
    lacking = sorted(
        {name for phase in phases.values() for name in COMPLETE if name not in phase["setting"]}
    )
    keys = {name: len(phase["setting"]) for name, phase in phases.items()}
    value = f"parameters in force: {_by_phase({n: str(k) for n, k in keys.items()})}"
    note = f"without {listed(lacking)}" if lacking else ""
    return judged(not lacking, value, r.files("settings"), note)


@evidence("icc")
def reliability(r: Results) -> Finding:
    """Features that readers do not agree on were removed."""
    rows = [row for row in r.rows("icc") if row["comparison"] != "none"]
    if not rows:
        return judged(False, "no patient was read again, every feature is kept", r.files("icc"))
    kept: dict[tuple, bool] = {}
    for row in rows:
        kept[row["phase"], row["feature"]] = is_true(row["kept"])
    settings, ways = r.config["reliability"], sorted({row["comparison"] for row in rows})
    most = max(int(number(row["n"])) for row in rows if row["n"])
    value = (
        f"{rows[0]['form']} above {settings['threshold']:g} ({settings['judged']}), "
        f"{' and '.join(ways)}-reader, {most} patients: {sum(kept.values())} of {len(kept)} kept"
    )
    files = r.files("icc", "dice") if r.has("dice") else r.files("icc")
    return judged(True, value, files)


def _of_phases(document: dict, key: str) -> list[str]:
    """The values of a parameter over the phases."""
    found = {str(phase["setting"].get(key)) for phase in document["phases"].values()}
    return sorted(found - {"None"})


def _by_phase(told: dict[str, str]) -> str:
    """One text where all phases have the same; else one a phase."""
    values = set(told.values())
    if len(values) == 1:
        each = " in each phase" if len(told) > 1 else ""
        return f"{values.pop()}{each}"
    return "; ".join(f"{name}: {text}" for name, text in told.items())


def setting_of(r: Results, key: str, meaning: dict[str, str]) -> Finding:
    """One parameter of the extractor, in words; not evidenced where the settings lack it."""
    phases = r.document("settings")["phases"]
    told = {}
    for name, phase in phases.items():
        if key not in phase["setting"]:
            return Finding(NOT_EVIDENCED, f"{key} is not told for {name}", r.files("settings"))
        value = str(phase["setting"][key])
        told[name] = f"{key} {value}" + (f": {meaning[value]}" if value in meaning else "")
    return Finding(PASS, _by_phase(told), r.files("settings"))
