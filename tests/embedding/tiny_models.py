"""The tiny models of make_models.py in numpy: their words, weights, and what they give for a text."""

import pathlib

import numpy as np

FOLDER = pathlib.Path(__file__).resolve().parent / "models"
SIZE, TOKENS_MAX = 8, 16
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ",", ".", "the", "river", "is", "wide", "a", "small", "red", "boat",
         "no", "water", "at", "all", "and", "paddle", "##s", "river##"]
TABLE = np.sin(1 + 7 * np.arange(len(WORDS))[:, None] + 3 * np.arange(SIZE)[None, :]).astype(np.float32)
TURN = (np.cos(5 * np.arange(SIZE)[:, None] + np.arange(SIZE)[None, :]) / 2).astype(np.float32)


def tokens(text, tokens_max=TOKENS_MAX):
    """Texts here are words of the list, with a plural `s`, and marks set apart."""
    numbers = []
    for word in text.lower().replace(",", " , ").replace(".", " . ").split():
        if word in WORDS:
            numbers.append(WORDS.index(word))
        elif word.endswith("s") and word[:-1] in WORDS:
            numbers += [WORDS.index(word[:-1]), WORDS.index("##s")]
        else:
            numbers.append(WORDS.index("[UNK]"))
    return [WORDS.index("[CLS]"), *numbers[:tokens_max - 2], WORDS.index("[SEP]")]


def of_tokens(text, tokens_max=TOKENS_MAX):
    return np.tanh(TABLE[tokens(text, tokens_max)] @ TURN)


def vector(model, text, pooling="mean", normalize=True, tokens_max=TOKENS_MAX, longest=None):
    """`longest`: tokens of the longest text of a batch: what fills up is 0, which a maximum sees."""
    each = of_tokens(text, tokens_max)
    if model == "sentence":
        found = each.max(axis=0)
        found = np.maximum(found, 0) if longest and longest > len(each) else found
    else:
        found = each.mean(axis=0) if pooling == "mean" else each[0]
    return found / np.linalg.norm(found) if normalize else found
