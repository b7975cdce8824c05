# Images and masks on one grid: resampled as pyradiomics does it, cropped and kept.


rule check_images:
    """Whether each scan of a batch can be read and fits, what it will cost, its files' digests."""
    input:
        files=BATCHES.files,
    output:
        problems="results/{study}/cohort/preflight/{bucket}.csv",
        predicted="results/{study}/cohort/predicted/{bucket}.csv",
        files="results/{study}/cohort/files/{bucket}.csv",
    log:
        "logs/{study}/check_images/{bucket}.log",
    conda:
        "../envs/images.yaml"
    params:
        scans=BATCHES.scans,
        folders=BATCHES.folders,
        limits=mask_limits(),
        spacing_mm=config["images"]["spacing_mm"],
        settings=phase_settings,
        subbands=config["features"]["subbands"],
        folders_of_images=PROVENANCE.folders,
        code=code("check_images"),
    script:
        "../scripts/check_images.py"


rule resample_images:
    """Images and masks of a batch, resampled to cubic voxels around the mask."""
    input:
        files=BATCHES.files,
        problems="results/{study}/cohort/preflight/{bucket}.csv",
        predicted=ancient("results/{study}/cohort/predicted/{bucket}.csv"),
        # Waited for, but no reason to run: another batch's patients concern this one not at all.
        verdict=ancient("results/{study}/cohort/preflight.ok"),
    output:
        images=directory("results/{study}/images/resampled/{bucket}"),
        quality="results/{study}/images/quality/{bucket}.csv",
        failures="results/{study}/images/failures/{bucket}.csv",
    log:
        "logs/{study}/resample_images/{bucket}.log",
    conda:
        "../envs/images.yaml"
    resources:
        mem_mb=predicted_mb("resample_mb"),
        case_seconds=config["execution"]["case_seconds"],
    params:
        scans=BATCHES.scans,
        folders=BATCHES.folders,
        spacing_mm=config["images"]["spacing_mm"],
        repair_mm=config["images"]["geometry"]["repair_mm"],
        settings=phase_settings,
        code=code("resample_images"),
    script:
        "../scripts/resample_images.py"


rule describe_acquisition:
    """How the images of a batch were acquired, as far as their files tell."""
    input:
        series=BATCHES.series,
        verdict=ancient("results/{study}/cohort/preflight.ok"),
    output:
        acquisition="results/{study}/images/acquisition/{bucket}.csv",
    log:
        "logs/{study}/describe_acquisition/{bucket}.log",
    conda:
        "../envs/images.yaml"
    params:
        scans=BATCHES.scans,
        folders=BATCHES.folders,
        code=code("describe_acquisition"),
    script:
        "../scripts/describe_acquisition.py"


rule gather_quality:
    """What each image and mask was before and after resampling, what failed, and how it was acquired."""
    input:
        acquisition=expand("results/{{study}}/images/acquisition/{bucket}.csv", bucket=BUCKETS),
        quality=expand("results/{{study}}/images/quality/{bucket}.csv", bucket=BUCKETS),
        failures=expand("results/{{study}}/images/failures/{bucket}.csv", bucket=BUCKETS),
    output:
        quality="results/{study}/images/quality.csv",
        failures="results/{study}/images/failures.csv",
        acquisition="results/{study}/images/acquisition.csv",
    log:
        "logs/{study}/gather_quality.log",
    conda:
        "../envs/images.yaml"
    params:
        code=code("gather_quality"),
    script:
        "../scripts/gather_quality.py"


rule scan_identities:
    """Whether what the images' headers tell of a patient stands in a result."""
    input:
        report="results/{study}/report/study.html",
        calculator="results/{study}/report/nomogram.html",
        warnings="results/{study}/warnings.csv",
        card="results/{study}/report/model_card.md",
        methods="results/{study}/report/methods.md",
        checklists="results/{study}/report/checklists.html",
        tables="results/{study}/report/tables.docx",
    output:
        identity="results/{study}/report/identity.csv",
    log:
        "logs/{study}/scan_identities.log",
    conda:
        "../envs/images.yaml"
    params:
        scans=STUDY.scans,
        patients=STUDY.patients,
        folders=[f"results/{STUDY.name}", f"logs/{STUDY.name}"],
        config=config,
        code=code("scan_identities"),
    script:
        "../scripts/scan_identities.py"
