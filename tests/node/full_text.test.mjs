// Functions, search by text and highlights with the Node SDK (ELANUS_ADDRESS).
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DataType, FunctionType, MilvusClient } from "@zilliz/milvus2-sdk-node";

const NAME = `node_text_${process.pid}`;
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
        { name: "text", data_type: DataType.VarChar, max_length: 200, enable_analyzer: true, enable_match: true },
        { name: "sparse", data_type: DataType.SparseFloatVector },
      ],
      functions: [
        {
          name: "bm25",
          description: "",
          type: FunctionType.BM25,
          input_field_names: ["text"],
          output_field_names: ["sparse"],
          params: {},
        },
      ],
    }),
  );
  done(
    await client.createIndex({
      collection_name: NAME,
      field_name: "sparse",
      index_type: "SPARSE_INVERTED_INDEX",
      metric_type: "BM25",
    }),
  );
  done(await client.loadCollectionSync({ collection_name: NAME }));
  done(
    await client.insert({
      collection_name: NAME,
      data: [
        { id: 1, text: "a wide river" },
        { id: 2, text: "the bank of a river" },
        { id: 3, text: "money in the bank" },
      ],
    }),
  );
});

after(async () => {
  done(await client.dropCollection({ collection_name: NAME }));
  await client.closeConnection();
});

test("a description shows the function", async () => {
  const about = done(await client.describeCollection({ collection_name: NAME }));
  assert.equal(about.schema.functions[0].name, "bm25");
  assert.deepEqual(about.schema.functions[0].output_field_names, ["sparse"]);
  assert.equal(about.schema.fields.find((field) => field.name === "sparse").is_function_output, true);
});

test("texts are searched for by text", async () => {
  const found = done(
    await client.search({
      collection_name: NAME,
      data: "river bank",
      anns_field: "sparse",
      limit: 3,
      output_fields: ["id", "text"],
    }),
  );
  assert.equal(found.results[0].id, "2");
  assert.equal(found.results[0].text, "the bank of a river");
  assert.equal(found.results.length, 3);
  const some = done(
    await client.search({
      collection_name: NAME,
      data: ["bank"],
      anns_field: "sparse",
      limit: 3,
      output_fields: ["id"],
      filter: "text_match(text, 'money')",
    }),
  );
  assert.deepEqual(
    some.results.map((hit) => hit.id),
    ["3"],
  );
});

test("the output cannot be read", async () => {
  const refused = await client.query({ collection_name: NAME, filter: "id > 0", output_fields: ["sparse"] });
  assert.match(refused.status.reason, /not allowed to retrieve raw data of field sparse/);
});
