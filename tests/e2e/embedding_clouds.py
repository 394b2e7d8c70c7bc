"""Embedding services of clouds, whose requests are signed, or carry a token got by signing."""

DIALECTS = []
