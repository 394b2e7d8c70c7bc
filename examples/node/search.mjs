// Semantic search over 1,500 Debian packages with the Node SDK.
//
//     node search.mjs [ADDRESS]        default: ELANUS_ADDRESS, then localhost:19530
import { readFileSync } from "node:fs";
import { DataType, MilvusClient } from "@zilliz/milvus2-sdk-node";

const COLLECTION = "example_packages_node";
const OUTPUT = ["name", "section", "installed_size_kb", "summary"];
const address = process.argv[2] ?? process.env.ELANUS_ADDRESS ?? "localhost:19530";

const readLines = (name) =>
  readFileSync(new URL(`../data/${name}`, import.meta.url), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

// The SDK returns statuses; an example wants exceptions.
const done = (reply) => {
  const status = reply.status ?? reply;
  if (status.code) throw new Error(status.reason);
  return reply;
};

async function createCollection(client) {
  done(await client.dropCollection({ collection_name: COLLECTION }));
  done(
    await client.createCollection({
      collection_name: COLLECTION,
      consistency_level: "Strong",
      fields: [
        { name: "id", data_type: DataType.Int64, is_primary_key: true },
        { name: "name", data_type: DataType.VarChar, max_length: 100 },
        { name: "section", data_type: DataType.VarChar, max_length: 40 },
        { name: "architecture", data_type: DataType.VarChar, max_length: 20 },
        { name: "installed_size_kb", data_type: DataType.Int64 },
        { name: "summary", data_type: DataType.VarChar, max_length: 500 },
        { name: "description", data_type: DataType.VarChar, max_length: 2000 },
        { name: "embedding", data_type: DataType.FloatVector, dim: 384 },
      ],
    }),
  );
  done(
    await client.createIndex({
      collection_name: COLLECTION,
      field_name: "embedding",
      index_type: "AUTOINDEX",
      metric_type: "COSINE",
    }),
  );
  done(await client.loadCollectionSync({ collection_name: COLLECTION }));
}

async function search(client, query, filter) {
  const reply = done(
    await client.search({
      collection_name: COLLECTION,
      data: query.embedding,
      limit: 3,
      filter,
      output_fields: OUTPUT,
    }),
  );
  console.log(`\n"${query.text}"${filter ? ` where ${filter}` : ""}`);
  for (const hit of reply.results) {
    const columns = [hit.score.toFixed(3), hit.name.padEnd(28), hit.section.padEnd(12), hit.summary.slice(0, 60)];
    console.log(`  ${columns.join("  ")}`);
  }
}

const client = new MilvusClient({ address });
await client.connectPromise;
await createCollection(client);
const [packages, queries] = [readLines("packages.jsonl"), readLines("queries.jsonl")];
done(await client.insert({ collection_name: COLLECTION, data: packages }));
const count = done(await client.count({ collection_name: COLLECTION }));
console.log(`${count.data} packages in ${COLLECTION} on ${address}`);
for (const query of queries.slice(0, 4)) {
  await search(client, query);
}
await search(client, queries[0], 'section in ["libs", "libdevel"] and installed_size_kb < 1000');
done(await client.dropCollection({ collection_name: COLLECTION }));
await client.closeConnection();
