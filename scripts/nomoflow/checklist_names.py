"""The checklists that a study is held to, in the order in which they are shown.

Standard library only: Snakemake itself imports this module.
"""

CHECKLISTS = {
    "clear": "CLEAR (CheckList for EvaluAtion of Radiomics research)",
    "metrics": "METRICS (METhodological RadiomICs Score)",
    "tripod_ai": "TRIPOD+AI",
    "ibsi": "IBSI reporting items",
}
