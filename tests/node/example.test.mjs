// The Node example runs against the server of the tests, with the SDK installed here.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, rmSync, symlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "node:test";

const here = fileURLToPath(new URL(".", import.meta.url));
const example = fileURLToPath(new URL("../../examples/node/", import.meta.url));

test("the example finds the right packages", () => {
  const modules = `${example}node_modules`;
  const linked = !existsSync(modules);
  if (linked) symlinkSync(`${here}node_modules`, modules);
  try {
    const output = execFileSync(process.execPath, ["search.mjs"], { cwd: example, encoding: "utf8", timeout: 120_000 });
    assert.match(output, /1500 packages/);
    for (const name of ["erlang", "dssi-host-jack", "lomiri"]) assert.ok(output.includes(name), name);
    assert.match(output, /installed_size_kb < 1000/);
  } finally {
    if (linked) rmSync(modules);
  }
});
