"""Writes math.jsonl and short_qa.jsonl: the questions of ../answers.jsonl with their references, as data sets."""

import json
from pathlib import Path

HERE = Path(__file__).parent
FILES = {"math": ("hardverify-math",), "short_qa": ("evouna-nq", "evouna-tq")}

rows = [json.loads(line) for line in (HERE.parent / "answers.jsonl").read_text(encoding="utf-8").splitlines()]
for name, sources in FILES.items():
    chosen = [row for row in rows if row["tags"]["source"] in sources]
    with (HERE / f"{name}.jsonl").open("w", encoding="utf-8") as file:
        for row in sorted(chosen, key=lambda row: row["id"]):
            kept = {"id": row["id"], "question": row["question"], "references": row["references"]}
            file.write(json.dumps(kept, ensure_ascii=False) + "\n")
    print(f"{name}.jsonl: {len(chosen)} questions")
