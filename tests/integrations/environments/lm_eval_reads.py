"""Reads results and samples as the harness and its users do, and prints what they are; for test_lm_eval.py."""

import json
import sys
from pathlib import Path

from datasets import load_dataset
from lm_eval.utils import get_file_task_name, get_results_filenames, get_sample_results_filenames, make_table

folder = Path(sys.argv[1])
names = [str(path) for path in folder.iterdir()]
results = json.loads(Path(get_results_filenames(names)[0]).read_text(encoding="utf-8"))
rows = {}
for name in sorted(get_sample_results_filenames(names)):
    task = get_file_task_name(Path(name).name)
    rows[task] = len(load_dataset("json", data_files=name, split="train", cache_dir=str(folder.parent / "cache")))
print(json.dumps({"table": make_table(results), "rows": rows}))
