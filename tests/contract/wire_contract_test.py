#!/usr/bin/env python3
"""Compares our .proto files with the descriptors shipped in the pinned pymilvus wheel.

Fails on every message, field (number, name, type, label, presence, oneof), enum value, extension or
rpc (input, output, streaming) that differs, is absent, or is ours alone; and on every line of the
rpc table (src/wire/rpc_table.h) that is missing, stands twice or names another privilege than the
option of the request says. Prints how many rpcs are done, partial and UNIMPLEMENTED.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

from google.protobuf import descriptor_pb2
from pymilvus.grpc_gen import common_pb2, feder_pb2, milvus_pb2, msg_pb2, rg_pb2, schema_pb2

ROOT = pathlib.Path(__file__).resolve().parents[2]
PREFIX = "milvus.proto."
CALLED = {"tokenizer.proto"}  # services that the server calls; no wheel of a client has them
PRINTED_MAX = 50
TABLE_LINE = re.compile(r'^\s*(UNARY|RAW|STREAM)\((\w+), k(Done|Partial|Unimplemented), "(\w*)"\)')
TABLE_LIST = re.compile(r"^#define ELANUS_(MILVUS|TELEMETRY|PROXY)_RPCS\(")
SERVICES = {
    "MILVUS": "milvus.proto.milvus.MilvusService",
    "TELEMETRY": "milvus.proto.milvus.ClientTelemetryService",
    "PROXY": "milvus.proto.milvus.ProxyService",
}


def their_files():
    for module in (common_pb2, feder_pb2, milvus_pb2, msg_pb2, rg_pb2, schema_pb2):
        proto = descriptor_pb2.FileDescriptorProto()
        module.DESCRIPTOR.CopyToProto(proto)
        yield proto


def our_files():
    paths = sorted(str(p.relative_to(ROOT)) for p in (ROOT / "proto").glob("*.proto") if p.name not in CALLED)
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "ours.pb"
        subprocess.run(["protoc", "-I", ".", f"--descriptor_set_out={out}", *paths], cwd=ROOT, check=True)
        files = descriptor_pb2.FileDescriptorSet()
        files.ParseFromString(out.read_bytes())
    yield from files.file


def field_facts(field, oneofs):
    oneof = ""
    if field.HasField("oneof_index") and not field.proto3_optional:
        oneof = oneofs[field.oneof_index]
    return (field.name, field.number, field.type, field.type_name, field.label,
            field.proto3_optional, oneof)


def collect_message(facts, scope, message):
    name = f"{scope}.{message.name}"
    facts[f"message {name}"] = ("map entry" if message.options.map_entry else "message",)
    oneofs = [oneof.name for oneof in message.oneof_decl]
    for field in message.field:
        facts[f"field {name}.{field.name}"] = field_facts(field, oneofs)
    for nested in message.nested_type:
        collect_message(facts, name, nested)
    for enum in message.enum_type:
        collect_enum(facts, name, enum)


def collect_enum(facts, scope, enum):
    facts[f"enum {scope}.{enum.name}"] = ("enum",)
    for value in enum.value:
        facts[f"value {scope}.{enum.name}.{value.name}"] = (value.number,)


def collect(files):
    facts = {}
    for file in files:
        if not file.package.startswith(PREFIX):
            continue
        for message in file.message_type:
            collect_message(facts, file.package, message)
        for enum in file.enum_type:
            collect_enum(facts, file.package, enum)
        for extension in file.extension:
            facts[f"extension {file.package}.{extension.name}"] = (
                extension.number, extension.extendee, extension.type_name)
        for service in file.service:
            for method in service.method:
                facts[f"rpc {file.package}.{service.name}/{method.name}"] = (
                    method.input_type, method.output_type, method.client_streaming,
                    method.server_streaming)
    return facts


def compare(theirs, ours):
    problems = []
    for key in sorted(theirs.keys() | ours.keys()):
        if key not in ours:
            problems.append(f"absent here: {key} {theirs[key]}")
        elif key not in theirs:
            problems.append(f"not in the contract: {key} {ours[key]}")
        elif theirs[key] != ours[key]:
            problems.append(f"differs: {key}: contract {theirs[key]}, here {ours[key]}")
    return problems


def read_table():
    rows = []
    service = None
    for line in (ROOT / "src/wire/rpc_table.h").read_text().splitlines():
        head = TABLE_LIST.match(line)
        if head:
            service = SERVICES[head.group(1)]
        row = TABLE_LINE.match(line)
        if row:
            kind, name, state, privilege = row.groups()
            rows.append((f"{service}/{name}", kind, state, privilege))
    return rows


def needed_privilege(method):
    for option, value in method.input_type.GetOptions().ListFields():
        if option.full_name == "milvus.proto.common.privilege_ext_obj":
            name = common_pb2.ObjectPrivilege.Name(value.object_privilege)
            return name.removeprefix("Privilege")
    return ""


def compare_table(rows):
    contract = {}
    for service in milvus_pb2.DESCRIPTOR.services_by_name.values():
        for method in service.methods:
            proto = descriptor_pb2.MethodDescriptorProto()
            method.CopyToProto(proto)
            stream = proto.client_streaming or proto.server_streaming
            contract[f"{service.full_name}/{method.name}"] = (stream, needed_privilege(method))
    problems = []
    seen = set()
    for path, kind, _, privilege in rows:
        if path in seen:
            problems.append(f"rpc table: {path} stands twice")
        seen.add(path)
        if path not in contract:
            problems.append(f"rpc table: {path} is not in the contract")
            continue
        stream, wanted = contract[path]
        if stream != (kind == "STREAM"):
            problems.append(f"rpc table: {path} is marked {kind}")
        if wanted != privilege:
            problems.append(f"rpc table: {path} needs privilege '{wanted}', not '{privilege}'")
    problems += [f"rpc table: {path} is missing" for path in sorted(contract.keys() - seen)]
    return problems


def main():
    theirs = collect(their_files())
    rows = read_table()
    problems = compare(theirs, collect(our_files())) + compare_table(rows)
    for problem in problems[:PRINTED_MAX]:
        print(problem)
    kinds = {kind: sum(key.startswith(kind) for key in theirs) for kind in
             ("message", "field", "enum", "value", "extension", "rpc")}
    print("contract: " + ", ".join(f"{count} {kind}s" for kind, count in kinds.items()))
    states = [state for _, _, state, _ in rows]
    print(f"rpcs: {states.count('Done')} done, {states.count('Partial')} partial, "
          f"{states.count('Unimplemented')} UNIMPLEMENTED")
    print(f"wire contract: {len(theirs)} facts compared, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
