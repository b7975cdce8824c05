# Quality control by eye: each mask as an outline on its image, and how far the readers agree.


rule compare_masks:
    """Dice overlap and surface distances of the readers' masks of a batch."""
    input:
        files=REREAD.files,
        verdict=ancient("results/{study}/cohort/preflight.ok"),
    output:
        dice="results/{study}/images/dice/{bucket}.csv",
    log:
        "logs/{study}/compare_masks/{bucket}.log",
    conda:
        "../envs/images.yaml"
    params:
        scans=REREAD.scans,
        folders=REREAD.folders,
        repair_mm=config["images"]["geometry"]["repair_mm"],
        code=code("compare_masks"),
    script:
        "../scripts/compare_masks.py"


rule draw_overlays:
    """A picture of each patient and phase of a batch: outlines before and after resampling."""
    input:
        files=BATCHES.files,
        images="results/{study}/images/resampled/{bucket}",
        dice="results/{study}/images/dice/{bucket}.csv",
    output:
        pictures=directory("results/{study}/images/overlays/{bucket}"),
    log:
        "logs/{study}/draw_overlays/{bucket}.log",
    conda:
        "../envs/images.yaml"
    params:
        scans=BATCHES.scans,
        folders=BATCHES.folders,
        repair_mm=config["images"]["geometry"]["repair_mm"],
        code=code("draw_overlays"),
    script:
        "../scripts/draw_overlays.py"
