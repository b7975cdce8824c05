# Radiomics features of every patient, phase and reading; or a ready table of them.


rule check_table:
    """Whether the ready feature table has every patient and phase, in numbers."""
    input:
        table=feature_table,
    output:
        problems="results/{study}/cohort/preflight/table.csv",
    log:
        "logs/{study}/check_table.log",
    conda:
        "../envs/features.yaml"
    params:
        table=config["features"]["table"],
        phases=PHASES,
        patients=STUDY.patients,
        code=code("check_table"),
    script:
        "../scripts/check_table.py"


rule check_settings:
    """Whether pyradiomics knows every setting of each phase."""
    output:
        problems="results/{study}/cohort/preflight/settings.csv",
    log:
        "logs/{study}/check_settings.log",
    conda:
        "../envs/features.yaml"
    params:
        file=config["features"]["settings"],
        settings=phase_settings,
        shape=config["features"]["shape"],
        subbands=config["features"]["subbands"],
        code=code("check_settings"),
    script:
        "../scripts/check_settings.py"


rule check_engine:
    """Whether pyradiomics, as installed here, gives the values of the IBSI digital phantom."""
    output:
        values="results/{study}/features/engine.csv",
    log:
        "logs/{study}/check_engine.log",
    conda:
        "../envs/features.yaml"
    params:
        code=code("check_engine"),
    script:
        "../scripts/check_engine.py"


rule extract_features:
    """First-order, texture and shape features of a batch on original, wavelet and LoG images."""
    input:
        images=f"results/{STUDY.name}/images/resampled/{{bucket}}",
        engine=f"results/{STUDY.name}/features/engine.csv",
        predicted=ancient(f"results/{STUDY.name}/cohort/predicted/{{bucket}}.csv"),
    output:
        features="results/{study}/features/batches/{bucket}.csv",
        failures="results/{study}/features/failures/{bucket}.csv",
    log:
        "logs/{study}/extract_features/{bucket}.log",
    conda:
        "../envs/features.yaml"
    resources:
        mem_mb=predicted_mb("extract_mb"),
        case_seconds=config["execution"]["case_seconds"],
    params:
        scans=BATCHES.scans,
        settings=phase_settings,
        shape=config["features"]["shape"],
        subbands=config["features"]["subbands"],
        selected=selected_features(),
        fast=config["execution"]["fast_features"],
        shuffle_voxels=setting("features.shuffle_voxels"),
        seed=config["evaluation"]["seed"],
        code=code("extract_features"),
    script:
        "../scripts/extract_features.py"


if STUDY.from_table:

    rule import_features:
        """The features of a ready table, one table a phase."""
        input:
            table=feature_table,
            verdict="results/{study}/cohort/preflight.ok",
        output:
            tables=expand("results/{{study}}/features/{phase}.parquet", phase=PHASES),
            settings="results/{study}/features/settings.json",
        log:
            "logs/{study}/import_features.log",
        conda:
            "../envs/features.yaml"
        params:
            table=config["features"]["table"],
            phases=PHASES,
            patients=STUDY.patients,
            prescaled=config["features"]["prescaled"],
            code=code("import_features"),
        script:
            "../scripts/import_features.py"

else:

    rule gather_features:
        """The features of all batches, one table a phase."""
        input:
            features=expand("results/{{study}}/features/batches/{bucket}.csv", bucket=BUCKETS),
            failures=expand("results/{{study}}/features/failures/{bucket}.csv", bucket=BUCKETS),
        output:
            tables=expand("results/{{study}}/features/{phase}.parquet", phase=PHASES),
            failures="results/{study}/features/failures.csv",
            settings="results/{study}/features/settings.json",
        log:
            "logs/{study}/gather_features.log",
        conda:
            "../envs/features.yaml"
        params:
            phases=PHASES,
            settings=phase_settings,
            shape=config["features"]["shape"],
            subbands=config["features"]["subbands"],
            selected=selected_features(),
            spacing_mm=config["images"]["spacing_mm"],
            code=code("gather_features"),
        script:
            "../scripts/gather_features.py"
