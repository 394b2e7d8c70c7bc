#!/usr/bin/env python3
"""Writes a header with the request and response type of every unary rpc of a .proto file.

    make_rpc_types.py INPUT.proto OUTPUT.h

The header that gRPC generates knows them too, but takes ten seconds to compile in every file.
"""

import pathlib
import re
import sys

SERVICE = re.compile(r"^service (\w+) \{(.*?)^\}", re.MULTILINE | re.DOTALL)
RPC = re.compile(r"\brpc (\w+)\s*\(([\w.]+)\)\s*returns\s*\(([\w.]+)\)")


def cpp_type(name, package):
    return "::" + (package if "." not in name else "milvus.proto").replace(".", "::") + "::" + name.replace(".", "::")


def main():
    source, output = map(pathlib.Path, sys.argv[1:])
    text = re.sub(r"//.*", "", source.read_text(encoding="utf-8"))
    package = re.search(r"^package ([\w.]+);", text, re.MULTILINE).group(1)
    lines = [f"#include <proto/{source.stem}.pb.h>"]
    for service, body in SERVICE.findall(text):
        lines.append(f"namespace elanus::rpc_types::{service} {{")
        for name, request, response in RPC.findall(body):
            lines.append(f"struct {name} {{ using Request = {cpp_type(request, package)}; "
                         f"using Response = {cpp_type(response, package)}; }};")
        lines.append("}")
    output.write_text("#pragma once\n" + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
