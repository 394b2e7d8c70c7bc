#!/usr/bin/env python3
"""Writes src/analyzer/filter/{ascii_folding,stop_words}.inc from Lucene and stopwords-iso.

    make_lucene_tables.py LUCENE_CORE.jar LUCENE_ANALYSIS_COMMON.jar STOPWORDS_ISO.json

The jars are org.apache.lucene:lucene-core and lucene-analysis-common of Maven Central, the JSON is
stopwords-iso.json of npm's stopwords-iso (the Chinese list).
"""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
FILTER = ROOT / "src/analyzer/filter"
NAME = "tools/make_lucene_tables.py"


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def wrapped(items, indent, width=100):
    lines, line = [], indent
    for item in items:
        if len(line) + len(item) + 2 > width and line.strip():
            lines.append(line.rstrip())
            line = indent
        line += item + ", "
    return "\n".join(lines + [line.rstrip()])


def main():
    core, common, iso = sys.argv[1:4]
    printed = subprocess.run(["java", "-cp", f"{core}:{common}", str(ROOT / "tools/LuceneTables.java")],
                             capture_output=True, check=True).stdout.decode()
    foldings, lists = [], {}
    for line in printed.splitlines():
        kind, key, text = line.split(" ", 2)
        if kind == "F":
            foldings.append(f"{{0x{int(key):x}, {quoted(text)}}}")
        else:
            lists.setdefault(key, []).append(text)
    lists["chinese"] = sorted(json.loads(Path(iso).read_text())["zh"])
    (FILTER / "ascii_folding.inc").write_text(
        f"// Written by {NAME} from Lucene's ASCIIFoldingFilter.\n"
        "constexpr Folding kFoldings[] = {\n" + wrapped(foldings, "    ") + "\n};\n")
    out = [f"// Written by {NAME}: Snowball's lists and English, Arabic and Thai ones from Lucene, Chinese\n"
           "// from stopwords-iso."]
    for name, words in sorted(lists.items()):
        out.append(f"constexpr std::string_view k{name.capitalize()}[] = {{\n"
                   + wrapped(map(quoted, words), "    ") + "\n};")
    out.append("struct StopList {\n    std::string_view name;\n    std::span<const std::string_view> words;\n};")
    out.append("constexpr StopList kStopLists[] = {")
    out += [f'    {{"_{name}_", k{name.capitalize()}}},' for name in sorted(lists)]
    out.append("};")
    (FILTER / "stop_words.inc").write_text("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
