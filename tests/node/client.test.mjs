// The Node SDK as its users use it, against a running server (ELANUS_ADDRESS).
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DataType, FunctionType, MilvusClient, RRFRanker, WeightedRanker } from "@zilliz/milvus2-sdk-node";

const NAME = `node_${process.pid}`;
let client;

const done = (reply) => {
  const status = reply.status ?? reply;
  assert.equal(status.error_code, "Success", status.reason);
  return reply;
};

const vector = (seed) => Array.from({ length: 8 }, (_, i) => Math.sin(seed * 8 + i));
const rows = Array.from({ length: 200 }, (_, i) => ({
  id: i,
  vector: vector(i),
  number: i * 10,
  text: `row ${i}`,
  flag: i % 2 === 0,
  list: [i % 3, i % 5],
  data: { k: i % 7, s: `x${i % 2}` },
  maybe: i % 4 ? i : null,
}));

before(async () => {
  client = new MilvusClient({ address: process.env.ELANUS_ADDRESS });
  await client.connectPromise;
  done(
    await client.createCollection({
      collection_name: NAME,
      consistency_level: "Strong",
      enable_dynamic_field: true,
      fields: [
        { name: "id", data_type: DataType.Int64, is_primary_key: true },
        { name: "vector", data_type: DataType.FloatVector, dim: 8 },
        { name: "number", data_type: DataType.Int32 },
        { name: "text", data_type: DataType.VarChar, max_length: 50 },
        { name: "flag", data_type: DataType.Bool },
        { name: "list", data_type: DataType.Array, element_type: DataType.Int64, max_capacity: 4 },
        { name: "data", data_type: DataType.JSON },
        { name: "maybe", data_type: DataType.Int64, nullable: true },
      ],
    }),
  );
  done(
    await client.createIndex({
      collection_name: NAME,
      field_name: "vector",
      index_type: "HNSW",
      metric_type: "L2",
      params: { M: 8, efConstruction: 64 },
    }),
  );
  done(await client.loadCollectionSync({ collection_name: NAME }));
  const inserted = done(await client.insert({ collection_name: NAME, data: rows }));
  assert.equal(Number(inserted.insert_cnt), rows.length);
});

after(async () => {
  done(await client.dropCollection({ collection_name: NAME }));
  await client.closeConnection();
});

test("the handshake gives a version and health", async () => {
  const version = done(await client.getVersion());
  assert.match(version.version, /^v?2\.6\.\d+/);
  assert.equal((await client.checkHealth()).isHealthy, true);
});

test("the schema is described", async () => {
  const about = done(await client.describeCollection({ collection_name: NAME }));
  assert.deepEqual(
    about.schema.fields.map((field) => field.name),
    ["id", "vector", "number", "text", "flag", "list", "data", "maybe"],
  );
  assert.equal(about.schema.fields[7].nullable, true);
  assert.equal((await client.hasCollection({ collection_name: NAME })).value, true);
  assert.equal((await client.hasCollection({ collection_name: "nothing" })).value, false);
});

test("a search finds the nearest with its fields", async () => {
  const reply = done(
    await client.search({
      collection_name: NAME,
      data: vector(17),
      limit: 3,
      output_fields: ["id", "number", "text", "flag", "list", "data", "maybe"],
    }),
  );
  const hit = reply.results[0];
  assert.equal(Number(hit.id), 17);
  assert.ok(hit.score < 1e-5);
  assert.equal(hit.number, 170);
  assert.equal(hit.text, "row 17");
  assert.equal(hit.flag, false);
  assert.deepEqual(hit.list.map(Number), [2, 2]);
  assert.deepEqual(hit.data, { k: 3, s: "x1" });
  assert.equal(Number(hit.maybe), 17);
});

test("several queries in one search", async () => {
  const reply = done(
    await client.search({ collection_name: NAME, data: [vector(3), vector(5)], limit: 2, output_fields: ["id"] }),
  );
  assert.deepEqual(
    reply.results.map((hits) => Number(hits[0].id)),
    [3, 5],
  );
});

test("a filtered search keeps to its filter", async () => {
  const reply = done(
    await client.search({ collection_name: NAME, data: vector(1), limit: 200, filter: "number < 100 and flag == true" }),
  );
  assert.deepEqual(reply.results.map((hit) => Number(hit.id)).sort(), [0, 2, 4, 6, 8]);
});

test("a filter takes its values apart", async () => {
  const reply = done(
    await client.query({ collection_name: NAME, filter: "id in {ids}", exprValues: { ids: [1, 2] }, output_fields: ["id"] }),
  );
  assert.deepEqual(
    reply.data.map((row) => Number(row.id)),
    [1, 2],
  );
});

test("a search and a query give their profile with the status", async () => {
  const search = done(
    await client.search({ collection_name: NAME, data: vector(1), limit: 3, filter: "number < 100", params: { profile: true } }),
  );
  assert.equal(search.results.length, 3);
  assert.match(search.status.extra_info.profile, /^Search on default\.\S+  \(rows=3\)/);
  assert.equal(JSON.parse(search.status.extra_info.profile_json).counters.rows_matched, 10);
  const query = done(await client.query({ collection_name: NAME, filter: "number < 100", params: { profile: true } }));
  assert.equal(query.data.length, 10);
  assert.match(query.status.extra_info.profile, /-> number < 100\n/);
});

test("a hybrid search fuses its lists", async () => {
  const ask = async (rerank, more = {}) => {
    const reply = done(
      await client.search({
        collection_name: NAME,
        data: [
          { anns_field: "vector", data: vector(17), limit: 4, params: { ef: 64 } },
          { anns_field: "vector", data: vector(17), limit: 4, expr: "number > {least}", exprValues: { least: 170 } },
        ],
        limit: 3,
        output_fields: ["id", "text"],
        rerank,
        ...more,
      }),
    );
    assert.ok(reply.results.every((hit) => hit.text === `row ${hit.id}`));
    return reply.results.map((hit) => [Number(hit.id), hit.score]);
  };
  const ranked = await ask(RRFRanker(10));
  assert.equal(ranked.length, 3);
  assert.ok(ranked.some(([id, score]) => id === 17 && Math.abs(score - 1 / 11) < 1e-6));
  assert.deepEqual((await ask(RRFRanker(10), { limit: 2, offset: 1 })), ranked.slice(1));
  const weighted = await ask(WeightedRanker([1, 0]));
  assert.equal(weighted.length, 3);
  const decayed = await ask({
    name: "near_500",
    type: FunctionType.RERANK,
    input_field_names: ["number"],
    params: { reranker: "decay", function: "linear", origin: 170, scale: 10000 },
  });
  assert.equal(decayed[0][0], 17);
  await assert.rejects(ask({ strategy: "best", params: {} }).then((hits) => assert.ok(hits)));
});

test("query, get and count", async () => {
  const found = done(
    await client.query({ collection_name: NAME, filter: 'data["k"] == 2 and maybe is not null', output_fields: ["*"], limit: 100 }),
  );
  const right = rows.filter((row) => row.data.k === 2 && row.maybe !== null);
  assert.deepEqual(
    found.data.map((row) => Number(row.id)),
    right.map((row) => row.id),
  );
  const got = done(await client.get({ collection_name: NAME, ids: [4, 8], output_fields: ["text", "maybe"] }));
  assert.deepEqual(got.data.map((row) => row.text).sort(), ["row 4", "row 8"]);
  assert.equal(got.data[0].maybe, null);
  assert.equal(done(await client.count({ collection_name: NAME })).data, 200);
});

test("upsert and delete", async () => {
  done(await client.upsert({ collection_name: NAME, data: [{ ...rows[50], text: "changed", extra: "dynamic" }] }));
  const changed = done(await client.get({ collection_name: NAME, ids: [50], output_fields: ["text", "extra"] }));
  assert.equal(changed.data[0].text, "changed");
  assert.deepEqual(changed.data[0].$meta, { extra: "dynamic" });
  done(await client.delete({ collection_name: NAME, ids: [51, 52] }));
  done(await client.delete({ collection_name: NAME, filter: "id == 53" }));
  assert.equal(done(await client.count({ collection_name: NAME })).data, 197);
  done(await client.insert({ collection_name: NAME, data: rows.slice(51, 54) }));
});

test("flush, statistics and load state", async () => {
  await client.flushSync({ collection_names: [NAME] });
  const statistics = done(await client.getCollectionStatistics({ collection_name: NAME }));
  assert.equal(Number(statistics.data.row_count), 200);
  assert.equal((await client.getLoadState({ collection_name: NAME })).state, "LoadStateLoaded");
  assert.equal(done(await client.describeIndex({ collection_name: NAME })).index_descriptions[0].state, "Finished");
});

test("the search iterator walks to the last row, each row once", async () => {
  const iterator = await client.searchIterator({ collection_name: NAME, data: vector(3), batchSize: 37, output_fields: ["id", "number"] });
  const seen = [];
  for await (const page of iterator) seen.push(...page);
  assert.equal(seen.length, rows.length);
  assert.equal(new Set(seen.map((hit) => Number(hit.id))).size, rows.length);
  assert.ok(seen.every((hit, i) => i === 0 || seen[i - 1].score <= hit.score));
  assert.equal(Number(seen[0].id), 3);
});

test("hits are grouped, ordered and put into buckets", async () => {
  const grouped = done(await client.search({ collection_name: NAME, data: vector(3), limit: 5, group_by_field: "flag", output_fields: ["flag"] }));
  assert.deepEqual(new Set(grouped.results.map((hit) => hit.flag)), new Set([true, false]));
  const ordered = done(await client.search({ collection_name: NAME, data: vector(3), limit: 20, order_by_fields: "number:desc", output_fields: ["number"] }));
  const numbers = ordered.results.map((hit) => hit.number);
  assert.deepEqual(numbers, [...numbers].sort((a, b) => b - a));
});

test("the query iterator visits every row", async () => {
  const iterator = await client.queryIterator({ collection_name: NAME, filter: "id >= 0", output_fields: ["id"], batchSize: 60 });
  const seen = [];
  for await (const page of iterator) seen.push(...page.map((row) => Number(row.id)));
  assert.deepEqual(
    seen.sort((a, b) => a - b),
    rows.map((row) => row.id),
  );
});

test("the quick form creates, indexes and loads", async () => {
  const name = `${NAME}_quick`;
  done(await client.createCollection({ collection_name: name, dimension: 4 }));
  done(await client.insert({ collection_name: name, data: [{ id: 1, vector: [1, 0, 0, 0], any: "key" }] }));
  const reply = done(
    await client.search({ collection_name: name, data: [1, 0, 0, 0], limit: 1, output_fields: ["any"], consistency_level: "Strong" }),
  );
  assert.equal(reply.results[0].any, "key");
  done(await client.dropCollection({ collection_name: name }));
});

test("partitions and aliases", async () => {
  done(await client.createPartition({ collection_name: NAME, partition_name: "p" }));
  const shown = done(await client.listPartitions({ collection_name: NAME }));
  assert.deepEqual([...shown.partition_names].sort(), ["_default", "p"]);
  done(await client.createAlias({ collection_name: NAME, alias: `${NAME}_alias` }));
  assert.equal(done(await client.count({ collection_name: `${NAME}_alias` })).data, 200);
  done(await client.dropAlias({ alias: `${NAME}_alias` }));
});

test("errors carry code and reason", async () => {
  const reply = await client.query({ collection_name: NAME, filter: "id >", output_fields: ["id"] });
  assert.equal(reply.status.code, 1100);
  assert.match(reply.status.reason, /failed to create query plan/);
  const missing = await client.describeCollection({ collection_name: "nothing" });
  assert.equal(missing.status.code, 100);
  assert.equal(missing.status.error_code, "CollectionNotExists");
  await assert.rejects(
    client.insert({ collection_name: "nothing", data: [{ id: 1 }] }),
    (error) => /can't find collection|collection not found/.test(error.message ?? error.status.reason),
  );
});
