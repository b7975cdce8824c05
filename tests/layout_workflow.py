"""What the house style asks of rules, scripts and environments; each check returns complaints."""

import ast
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from layout_reading import (
    CONDA_NAMES,
    Rule,
    imported,
    imported_by_workflow,
    needs,
    own_modules,
    pinned,
    read_rules,
    read_yaml,
    snakefiles,
)

from nomoflow.code_digests import code_digests

# One word a stage, in the order the data flows.
STAGES = (
    "cohort", "images", "features", "reliability", "signature", "models", "evaluation", "centres",
    "report", "provenance",
)  # fmt: skip
# A long stage has several files of rules, in the order the data flows.
FILES_OF = {
    "cohort": ("start", "cohort"),
    "images": ("images", "pictures"),
    "models": ("models", "validation"),
    "evaluation": ("stability", "evaluation", "comparison"),
    "centres": ("centres", "external", "pooling"),
    "report": ("figures", "curves", "pages", "report", "statements", "manuscript"),
    "provenance": ("provenance", "verification"),
}
# Commands of one word, which no script may have for its name.
SCRIPT_OF = {"init": "init_study", "clean": "clean_study"}
ENV_OF = {file: stage for stage, files in FILES_OF.items() for file in files}
CODE = '''def code(script):
    """Digests of the modules behind a script: Snakemake itself watches the script alone."""
    return code_digests(script, workflow.basedir)
'''
OUTPUT_FOLDERS = ("results/{study}/", "data/simulated/", "models/{study}/")
# A ledger lies beside the model that a centre applies, which no wildcard of the centre's names.
STANDS_FOR = {"CENTRE.ledger": "models/{study}/ledger.json"}
WRAPPERS = {"expand", "directory", "report", "temp", "protected", "touch", "ensure", "update"}


def scripts(root: Path) -> list[Path]:
    """The rules' scripts."""
    return sorted((root / "scripts").glob("*.py"))


def scripted(root: Path) -> Iterator[tuple[Rule, Path]]:
    """Rules with a script that is there."""
    for rule in read_rules(root):
        path = root / "rules" / rule.text("script")
        if rule.text("script") and path.is_file():
            yield rule, path


def check_names(root: Path) -> list[str]:
    """Rule = script = log = unit test; and none without the others."""
    found, rules = [], read_rules(root)
    for rule in rules:
        if rule.is_target:
            continue
        if "run" in rule.parts or not {"script", "shell"} & set(rule.parts):
            found.append(f"{rule.where}: makes something by neither script nor shell")
        name = SCRIPT_OF.get(rule.name, rule.name)
        if "script" in rule.parts and rule.text("script") != f"../scripts/{name}.py":
            found.append(f"{rule.where}: its script is {rule.text('script')}")
        if "script" in rule.parts and not (root / f"scripts/{name}.py").exists():
            found.append(f"{rule.where}: no scripts/{name}.py")
        if not re.fullmatch(rf"logs/(.+/)?{rule.name}(\.log|/.+\.log)", rule.text("log")):
            found.append(f"{rule.where}: its log {rule.text('log')!r} has another name")
        if not (root / f"tests/unit/test_{name}.py").exists():
            found.append(f"{rule.where}: no tests/unit/test_{name}.py")
    names = {SCRIPT_OF.get(rule.name, rule.name) for rule in rules}
    found += [
        f"scripts/{p.name}: no rule of that name" for p in scripts(root) if p.stem not in names
    ]
    places = ("scripts", "scripts/nomoflow", "tools")
    testable = {path.stem for place in places for path in (root / place).glob("*.py")} | names
    for path in sorted((root / "tests/unit").glob("test_*.py")):
        if path.stem.removeprefix("test_") not in testable:
            found.append(f"tests/unit/{path.name}: no rule, script, module or tool of that name")
    return found


def check_rules(root: Path) -> list[str]:
    """One-sentence docstring, log, conda; nothing that hides what Snakemake prints."""
    found = []
    for rule in read_rules(root):
        text = rule.docstring
        if not text.endswith(".") or re.search(r"[.!?] [A-Z]", text) or not text[:1].isupper():
            found.append(f"{rule.where}: docstring is not one sentence on one line: {text!r}")
        for part in ("log", "conda"):
            if not rule.is_target and part not in rule.parts:
                found.append(f"{rule.where}: no {part}")
        if "message" in rule.parts:
            found.append(f"{rule.where}: a message hides its inputs and outputs")
    return found


def check_code(root: Path) -> list[str]:
    """params has code=code("<rule>"), and code() finds every module behind the script."""
    found = []
    if CODE not in (root / "rules/common.smk").read_text(encoding="utf-8"):
        found.append("rules/common.smk: code() is not code_digests(script, workflow.basedir)")
    for rule, path in scripted(root):
        value = rule.call("params")[1].get("code")
        if value is None or ast.unparse(value) != f"code('{path.stem}')":
            found.append(f'{rule.where}: params lacks code=code("{path.stem}")')
        digests = code_digests(path.stem, root)
        given = {name: digest for name, digest in digests.items() if "/" not in name}
        reached = own_modules(root, imported(path.read_text(encoding="utf-8")))
        files = {name: root / f"scripts/nomoflow/{name}.py" for name in reached}
        wanted = {name: hashlib.sha256(f.read_bytes()).hexdigest() for name, f in files.items()}
        wrong = sorted(name for name in {*given, *wanted} if given.get(name) != wanted.get(name))
        if wrong:
            found.append(f"{rule.where}: code() and the script's imports differ: {wrong}")
    return found


def environment(path: Path) -> dict[str, str]:
    """{package: version} of an env file and of its post-deploy script."""
    pins = {}
    for entry in read_yaml(path)["dependencies"]:
        name, _, version = str(entry).partition(" =")
        pins[CONDA_NAMES.get(name, name)] = version
    after = path.with_suffix(".post-deploy.sh")
    if after.exists():
        pins |= pinned(after.read_text(encoding="utf-8").split())
    return pins


def check_env_imports(root: Path) -> list[str]:
    """What a script and its modules import is in the rule's env file; each env file is used."""
    found, used = [], set()
    for rule, path in scripted(root):
        place = root / "rules" / rule.text("conda")
        if not place.is_file():
            found.append(f"{rule.where}: no env file {rule.text('conda')!r}")
            continue
        used.add(place.name)
        for package in sorted(needs(root, path) - set(environment(place))):
            found.append(f"{rule.where}: imports {package}, which envs/{place.name} lacks")
    for path in sorted((root / "envs").glob("*.yaml")):
        if path.name not in used:
            found.append(f"envs/{path.name}: no rule uses it")
    return found


def output_paths(node: ast.expr, common: str) -> Iterator[str]:
    """Where an output's expression leads: the text of its path, fields in braces."""
    match node:
        case ast.Constant():
            yield str(node.value)
        case ast.JoinedStr():
            yield ast.unparse(node)[2:-1].replace("{{", "{").replace("}}", "}")
        case ast.BinOp():
            yield from output_paths(node.left, common)
        case ast.Call(func=ast.Name(id=name), args=[first, *_]) if name in WRAPPERS:
            for path in output_paths(first, common):
                yield path.replace("{{", "{").replace("}}", "}")
        case ast.Call(func=ast.Name(id=name)):
            source = re.search(rf"^def {name}\(.*?(?=^\S|\Z)", common, re.MULTILINE | re.DOTALL)
            for inner in ast.walk(ast.parse(source[0])) if source else ():
                if isinstance(inner, ast.Return) and inner.value:
                    yield from output_paths(inner.value, common)
        case _:
            yield ast.unparse(node)


def check_outputs(root: Path) -> list[str]:
    """Results lie under results/{study}/, drawn images under data/simulated/, models in models/."""
    found, common = [], (root / "rules/common.smk").read_text(encoding="utf-8")
    for rule in read_rules(root):
        values, named = rule.call("output")
        if values:
            found.append(f"{rule.where}: an output without a name")
        for node in [*values, *named.values()]:
            paths = list(output_paths(node, common)) or [ast.unparse(node)]
            for path in paths:
                path = STANDS_FOR.get(path, path).replace("{STUDY.name}", "{study}")
                if not path.startswith(OUTPUT_FOLDERS):
                    found.append(f"{rule.where}: output {path} is outside {OUTPUT_FOLDERS}")
    return found


def check_stages(root: Path) -> list[str]:
    """Stage word = file of rules = env file; includes in the order the data flows."""
    found = []
    for rule in read_rules(root):
        stage = Path(rule.file).stem
        if rule.file == "Snakefile":
            if not rule.is_target:
                found.append(f"{rule.where}: the Snakefile holds target rules only")
            continue
        wanted = f"../envs/{ENV_OF.get(stage, stage)}.yaml"
        if not rule.is_target and rule.text("conda") != wanted:
            found.append(f"{rule.where}: conda is {rule.text('conda')}, not {wanted}")
    text = (root / "Snakefile").read_text(encoding="utf-8")
    included = re.findall(r'^include: "rules/(\w+)\.smk"$', text, re.MULTILINE)
    present = {path.stem for path in (root / "rules").glob("*.smk")}
    order = ["common", *(s for stage in STAGES for s in _files_of(stage) if s in present)]
    if included != order:
        found.append(f"Snakefile: includes {included}, in order of the data {order}")
    for name in sorted(present - set(order)):
        found.append(f"rules/{name}.smk: no stage of that name")
    for path in sorted((root / "envs").iterdir()):
        if path.name.split(".")[0] not in STAGES:
            found.append(f"envs/{path.name}: no stage of that name")
    return found


def _files_of(stage: str) -> tuple[str, ...]:
    return FILES_OF.get(stage, (stage,))


def check_plain_rules(root: Path) -> list[str]:
    """Functions live in common.smk alone."""
    return [
        f"{path.relative_to(root)}:{number}: a function outside common.smk"
        for path in snakefiles(root)
        if path.name != "common.smk"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if re.search(r"^\s*def |\blambda\b", line)
    ]


def check_scripts(root: Path) -> list[str]:
    """Scripts are named verb_object; what they share is imported, and all of it is used."""
    found = []
    for path in scripts(root):
        if "_" not in path.stem or path.stem.startswith("test_"):
            found.append(f"scripts/{path.name}: a name must be verb_object, and no test")
        text = path.read_text(encoding="utf-8")
        title = ast.get_docstring(ast.parse(text)) or ""
        if not title.startswith(f"Rule {path.stem}: "):
            found.append(f"scripts/{path.name}: docstring does not begin 'Rule {path.stem}: '")
        if 'if __name__ == "__main__":\n    with log_to(snakemake):' not in text:
            found.append(f"scripts/{path.name}: runs on import, or without its log")
    if (root / "scripts/nomoflow/__init__.py").read_bytes():
        found.append("scripts/nomoflow/__init__.py: not empty, so every env would need all of it")
    names = imported_by_workflow(root / "rules/common.smk")
    for path in [*scripts(root), *sorted((root / "tools").glob("*.py"))]:
        names |= imported(path.read_text(encoding="utf-8"))
    reached = own_modules(root, names) | {"__init__"}
    for path in sorted((root / "scripts/nomoflow").glob("*.py")):
        if path.stem not in reached:
            found.append(f"scripts/nomoflow/{path.name}: no rule and no tool uses it")
    return found
