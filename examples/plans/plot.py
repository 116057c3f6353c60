"""Plots one column of a table as a bar chart: a command agent.

Reads the task as JSON on stdin, writes FOLDER/COLUMN.svg, adds it to FOLDER/charts.json and prints what it made as JSON.
Needs nothing but the standard library.
"""

import json
import os
import sys
from xml.sax.saxutils import escape

WIDTH, HEIGHT, MARGIN, GAP = 640, 320, 48, 16


def bar_chart(title, values):
    top = max(values, default=0) or 1
    step = (WIDTH - 2 * MARGIN) / max(len(values), 1)
    shapes = []
    for i, value in enumerate(values):
        x = MARGIN + i * step + GAP / 2
        height = (HEIGHT - 2 * MARGIN) * value / top
        y = HEIGHT - MARGIN - height
        shapes.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{step - GAP:.1f}" height="{height:.1f}" fill="#3b6ea5"/>')
        middle = x + (step - GAP) / 2
        shapes.append(f'<text x="{middle:.1f}" y="{y - 6:.1f}" text-anchor="middle">{value:g}</text>')
        shapes.append(f'<text x="{middle:.1f}" y="{HEIGHT - MARGIN + 18}" text-anchor="middle">{i + 1}</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>\n'
        f'<text x="{MARGIN}" y="24" font-size="15">{escape(title)}</text>\n' + "\n".join(shapes) + "\n</svg>\n"
    )


def add_to_list(path, entry):
    charts = []
    if os.path.exists(path):
        with open(path, encoding="utf-8") as f:
            charts = json.load(f)
    charts = [c for c in charts if c["file"] != entry["file"]] + [entry]
    with open(path, "w", encoding="utf-8") as f:
        json.dump(sorted(charts, key=lambda c: c["file"]), f, indent=2)


def main():
    task = json.load(sys.stdin)
    context = task["context"]
    values = [round(float(row[context["column"]]), 1) for row in context["rows"]]
    os.makedirs(context["folder"], exist_ok=True)
    entry = {"title": context["title"], "file": context["column"] + ".svg"}
    path = os.path.join(context["folder"], entry["file"])
    with open(path, "w", encoding="utf-8") as f:
        f.write(bar_chart(entry["title"], values))
    print("CORCHESTRA_PROGRESS 0.5 the chart is drawn", file=sys.stderr, flush=True)
    add_to_list(os.path.join(context["folder"], "charts.json"), entry)
    print(json.dumps({"file": path, "title": entry["title"], "values": values}))


main()
