#!/usr/bin/env python3
"""Writes the part of ICU's data that the analyzers use: 3 MiB of 31.

    make_icu_data.py LIBICUDATA.a OUTPUT.S    assembler text that makes it the symbol the library
                                              reads; the data lies beside it

needs ar, nm and objcopy of binutils and icupkg of Debian's icu-devtools.
"""

import subprocess
import sys
from pathlib import Path

KEPT = ["brkitr/burmesedict.dict", "brkitr/cjdict.dict", "brkitr/khmerdict.dict", "brkitr/laodict.dict",
        "brkitr/thaidict.dict", "brkitr/sent.brk", "brkitr/word.brk", "brkitr/root.res", "brkitr/ja.res",
        "brkitr/res_index.res", "root.res", "pool.res", "res_index.res", "icuver.res", "nfkc.nrm",
        "uemoji.icu"]


def run(*command, **arguments):
    return subprocess.run(list(map(str, command)), check=True, capture_output=True, **arguments).stdout


def main():
    library, output = Path(sys.argv[1]), Path(sys.argv[2])
    item = run("ar", "t", library, text=True).split()[0]  # icudt72l_dat.o
    name = item.replace("_dat.o", ".dat")  # the tool takes no other name for the data
    whole, kept = output.parent / "whole" / name, output.parent / name
    whole.parent.mkdir(exist_ok=True)
    module = whole.with_suffix(".o")
    module.write_bytes(run("ar", "p", library))
    symbols = [line.split()[-1] for line in run("nm", module, text=True).splitlines()]
    symbol = next(symbol for symbol in symbols if symbol.endswith("_dat"))
    run("objcopy", "-O", "binary", "-j", ".rodata", module, whole)
    names = run("icupkg", "-l", whole, text=True).split()
    missing = set(KEPT) - set(names)
    assert not missing, f"ICU's data lacks {missing}"
    removed = whole.with_suffix(".txt")
    removed.write_text("".join(f"{name}\n" for name in names if name not in KEPT))
    run("icupkg", "--ignore-deps", "-r", removed, whole, kept)  # other break rules stay away
    output.write_text(f"""\
    .section .rodata
    .global {symbol}
    .balign 64
{symbol}:
    .incbin "{kept}"
    .section .note.GNU-stack,"",%progbits
""")
    for file in (module, whole):
        file.unlink()


if __name__ == "__main__":
    main()
