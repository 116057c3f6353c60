"""Sets the report with its charts as FOLDER/report.md: a command agent. Needs nothing but the standard library."""

import json
import os
import sys


def main():
    context = json.load(sys.stdin)["context"]
    with open(os.path.join(context["folder"], "charts.json"), encoding="utf-8") as f:
        charts = json.load(f)
    page = [f"# {context['title'].capitalize()}", context["text"]]
    page += [f"![{c['title']}]({c['file']})" for c in charts]
    path = os.path.join(context["folder"], "report.md")
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n\n".join(page) + "\n")
    words = sum(len(part.split()) for part in page)
    print(json.dumps({"file": path, "charts": len(charts), "words": words}))


main()
