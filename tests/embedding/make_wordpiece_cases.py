"""Writes wordpiece_cases.json: what the package `tokenizers` of Hugging Face makes of many texts.

    python3 -m venv VENV && VENV/bin/pip install tokenizers==0.23.3
    VENV/bin/python tests/embedding/make_wordpiece_cases.py

In it: tokenizers (as their own tokenizer.json), texts with the numbers of their tokens by each, and for every code
point how a word with it inside is folded and cut, as a checksum of each block of 4,096 code points.
"""

import json
import pathlib
import random
import unicodedata
import zlib

from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

BLOCK = 4096
TEXTS = [
    "", " ", "hello", "Hello, World!", "unaffable", "The quick brown fox jumps over the lazy dog.",
    "don't stop-believin' (really?) $5.99 #1 a_b a/b\\c <tag> [x] {y} |z| ~^`@", "co-operate naïve café Ångström ÀÉÎÕÜ",
    "ﬁne ﬂight ½ ² ™ ① Ⅷ ㎏", "straße STRASSE ẞ", "İstanbul ISTANBUL ıI", "ΟΔΥΣΣΕΥΣ Ὀδυσσεύς ΣΊΣΥΦΟΣ",
    "Привет, мир! Ёлка й", "שָׁלוֹם עולם", "مَرْحَبًا بالعالم ١٢٣", "नमस्ते दुनिया", "สวัสดีชาวโลก", "안녕하세요 세계", "こんにちは世界 カタカナ ｶﾞ がぎぐ",
    "中文分词 测试，句号。「引号」", "漢字とkana混じりtext", "𠮷野家 𪜶 𫝆 𫠝 豈 丽", "emoji 😀👍🏽 👨‍👩‍👧 🇩🇪 ❤️", "tab\tnew\nline\r\nend\u00a0nbsp\u3000wide\u2028ls\u2029ps",
    "zero\u200bwidth\u200djoin\u00adsoft\ufeffbom", "control\x00\x01\x1f\x7f\x85end", "\ufffd replaced \ue000 private \U000f0000",
    "combining e\u0301 a\u030a o\u0308\u0323 \u0344 \u1e9b\u0323", "[CLS] [SEP] [MASK] [PAD] [UNK] [cls] x[SEP]y[MASK]z", "[[CLS]] [CLS[SEP]]",
    "word" * 30, "a" * 100, "a" * 101, "é" * 100, "\u2014\u2013\u2026\u00ab\u00bb\u2018\u2019\u201c\u201d\u00bf\u00a1\u00a7\u00b6", "x\u2e4fy\u2e52z \U0001e95e",
    "1,234.56 3.14e-10 0x1F 50% ±7 10°C", "https://example.org/a?b=c&d=e#f user@example.org", "C++ C# .NET node.js", "ⓐⒷ ｆｕｌｌ ＷＩＤＴＨ", "ǅ Ǆ ǆ ŉ ǰ ΐ",
    "\u1100\u1161\u11a8 \uac01", "ཨོཾ་མ་ཎི", "ქართული ᲥᲐᲠᲗᲣᲚᲘ", "Ꭰ Ꮿ ꭰ", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝟙𝟚", "very long text " * 40,
]


def random_texts(count, seed):
    rng = random.Random(seed)
    ranges = [(0x20, 0x7e)] * 6 + [(0xa0, 0x24f), (0x300, 0x36f), (0x370, 0x52f), (0x590, 0x6ff), (0x900, 0xdff), (0x1e00, 0x1fff),
                                   (0x2000, 0x2bff), (0x3000, 0x30ff), (0x4e00, 0x9fff), (0xac00, 0xd7a3), (0xf900, 0xffef),
                                   (0x10000, 0x1ffff), (0x20000, 0x2ffff), (0, 0xd7ff), (0xe000, 0x10ffff)]
    pieces = ["[CLS]", "[SEP]", "[MASK]", " ", "\n", "##", "ing", "un"]
    texts = []
    for _ in range(count):
        text = ""
        for _ in range(rng.randrange(1, 40)):
            low, high = rng.choice(ranges)
            text += rng.choice(pieces) if rng.random() < 0.1 else chr(rng.randrange(low, high + 1))
            text += rng.choice(["", "", "", " "])
        texts.append("".join(c for c in text if not 0xd800 <= ord(c) < 0xe000))
    return texts


def vocabulary():
    """Pieces of the texts above, learned by the package's own trainer."""
    trained = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    trained.normalizer = normalizers.BertNormalizer(lowercase=False, strip_accents=False)
    trained.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=900, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
                                        show_progress=False)
    lowered = [text.lower() for text in TEXTS]
    plain = [normalizers.BertNormalizer().normalize_str(text) for text in TEXTS]
    trained.train_from_iterator(TEXTS + lowered + plain, trainer)
    return sorted(trained.get_vocab(), key=trained.get_vocab().get)


def tokenizer(tokens, **normalizer):
    made = Tokenizer(models.WordPiece({token: i for i, token in enumerate(tokens)}, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(**normalizer)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in tokens[:5]])
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", tokens.index("[CLS]")), ("[SEP]", tokens.index("[SEP]"))])
    return made


def numbers(made, text, tokens_max):
    made.enable_truncation(tokens_max)
    ids = made.encode(text).ids
    made.no_truncation()
    return ids


def is_left_out(code):
    """Surrogates, and what Python's Unicode does not know: libraries differ by their versions."""
    return unicodedata.category(chr(code)) in ("Cs", "Cn")


def left_out():
    """[first, last, first, last ..]."""
    ends = []
    for code in range(0x110000):
        if is_left_out(code):
            if ends and ends[-1] == code - 1:
                ends[-1] = code
            else:
                ends += [code, code]
    return ends


def block_sums(made):
    """CRC-32 of the words of a<code point>B, one line each, by block."""
    sums = []
    for first in range(0, 0x110000, BLOCK):
        lines = []
        for code in range(first, first + BLOCK):
            if is_left_out(code):
                continue
            folded = made.normalizer.normalize_str(f"a{chr(code)}B")
            lines.append("\x1f".join(word for word, _ in made.pre_tokenizer.pre_tokenize_str(folded)))
        sums.append(zlib.crc32("\n".join(lines).encode()))
    return sums


def main():
    tokens = vocabulary()
    texts = TEXTS + random_texts(250, seed=5)
    kinds = [dict(lowercase=True), dict(lowercase=False), dict(lowercase=True, strip_accents=False),
             dict(lowercase=False, strip_accents=True, handle_chinese_chars=False, clean_text=False)]
    made = [tokenizer(tokens, **kind) for kind in kinds]
    cases = {"tokenizers": [json.loads(each.to_str()) for each in made],
             "left_out": left_out(), "block_sums": [block_sums(each) for each in made],
             "texts": [{"text": text, "whole": [each.encode(text).ids for each in made],
                        "cut_to_12": [numbers(each, text, 12) for each in made]} for text in texts]}
    for each in cases["tokenizers"][1:]:
        each["model"]["vocab"] = {}  # the same as the first one's
    path = pathlib.Path(__file__).with_name("wordpiece_cases.json")
    path.write_text(json.dumps(cases, ensure_ascii=True, separators=(",", ":")) + "\n")
    print(len(tokens), "tokens,", len(texts), "texts,", path.stat().st_size, "bytes")


main()
