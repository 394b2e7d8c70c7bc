// A TextEmbedding function with the Node SDK: texts go in, texts are searched for (ELANUS_ADDRESS). The model is one of
// tests/embedding/models, which run_tests.py tells the server of.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DataType, FunctionType, MilvusClient } from "@zilliz/milvus2-sdk-node";

const NAME = `node_embedding_${process.pid}`;
let client;

const done = (reply) => {
  const status = reply.status ?? reply;
  assert.equal(status.error_code, "Success", status.reason);
  return reply;
};

before(async () => {
  client = new MilvusClient({ address: process.env.ELANUS_ADDRESS });
  await client.connectPromise;
  done(
    await client.createCollection({
      collection_name: NAME,
      consistency_level: "Strong",
      fields: [
        { name: "id", data_type: DataType.Int64, is_primary_key: true },
        { name: "text", data_type: DataType.VarChar, max_length: 200 },
        { name: "dense", data_type: DataType.FloatVector, dim: 8 },
      ],
      functions: [
        {
          name: "embed",
          description: "",
          type: FunctionType.TEXTEMBEDDING,
          input_field_names: ["text"],
          output_field_names: ["dense"],
          params: { provider: "local", model_name: "tokens" },
        },
      ],
    }),
  );
  done(await client.createIndex({ collection_name: NAME, field_name: "dense", index_type: "FLAT", metric_type: "COSINE" }));
  done(await client.loadCollectionSync({ collection_name: NAME }));
  const texts = ["the river is wide", "a small red boat", "no water at all"];
  done(await client.insert({ collection_name: NAME, data: texts.map((text, id) => ({ id, text })) }));
});

after(async () => {
  await client.dropCollection({ collection_name: NAME });
  await client.closeConnection();
});

test("a text finds the row that holds it", async () => {
  const found = done(
    await client.search({ collection_name: NAME, data: "a small red boat", anns_field: "dense", limit: 3, output_fields: ["text"] }),
  );
  assert.equal(found.results.length, 3);
  assert.equal(found.results[0].text, "a small red boat");
  assert.ok(Math.abs(found.results[0].score - 1) < 1e-4, `score ${found.results[0].score}`);
  assert.ok(found.results[1].score < 0.999);
});

test("a description shows the function", async () => {
  const about = done(await client.describeCollection({ collection_name: NAME }));
  assert.deepEqual(
    about.schema.functions.map((each) => [each.name, each.input_field_names, each.output_field_names]),
    [["embed", ["text"], ["dense"]]],
  );
});
