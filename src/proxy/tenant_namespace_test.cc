// Namespaces made by name as properties, the shard of a namespace, and which places of JSON an
// index of json_cast_function speaks of.
#include "proxy/tenant_namespace.h"

#include "proxy/fake_roles_test.h"
#include "proxy/text_number_places.h"
#include "roles/hidden_properties.h"

#include <set>

#include <gtest/gtest.h>

namespace elanus::proxy {
namespace {

TEST(TenantNamespace, ThoseMadeByNameAreNoPropertiesToClients) {
    const KeyValues properties = {{"namespace.mode", "partition_key"},
                                  {CreatedNamespaceProperty("red"), "77"},
                                  {CreatedNamespaceProperty("a.b"), "78"},
                                  {"timezone", "UTC"}};
    const std::map<std::string, base::Timestamp> created = {{"a.b", 78}, {"red", 77}};
    EXPECT_EQ(CreatedNamespaces(properties), created);
    const KeyValues visible = {{"namespace.mode", "partition_key"}, {"timezone", "UTC"}};
    EXPECT_EQ(roles::VisibleProperties(properties), visible);
    EXPECT_TRUE(IsFixedNamespaceProperty(CreatedNamespaceProperty("red")));
    EXPECT_FALSE(IsFixedNamespaceProperty("timezone"));
}

CollectionPtr Shards(const KeyValues& properties, bool enable_namespace = true) {
    auto collection = std::make_shared<roles::CollectionInfo>();
    collection->schema.enable_namespace = enable_namespace;
    collection->properties = properties;
    collection->vchannels = {"v0", "v1", "v2"};
    return collection;
}

TEST(TenantNamespace, LiesInOneShardWhereTheCollectionSaysSo) {
    const KeyValues sharded = {{"namespace.sharding.enabled", "true"}};
    MetaCache cache(nullptr, nullptr);
    const CollectionPtr collection = Shards(sharded);
    std::set<std::string> used;
    for (int i = 0; i < 100; ++i) {
        const std::string name = "tenant" + std::to_string(i);
        const CollectionPtr shard = OnShardOfNamespace(cache, collection, name);
        ASSERT_EQ(shard->vchannels.size(), 1u);
        EXPECT_EQ(OnShardOfNamespace(cache, collection, name)->vchannels, shard->vchannels);
        used.insert(shard->vchannels[0]);
    }
    EXPECT_EQ(used.size(), 3u);
    const KeyValues by_partition = {{"namespace.sharding.enabled", "true"},
                                    {"namespace.mode", "partition"}};
    for (const CollectionPtr& whole :
         {Shards({}), Shards({{"namespace.sharding.enabled", "false"}}), Shards(by_partition),
          Shards(sharded, /*enable_namespace=*/false)}) {
        EXPECT_EQ(OnShardOfNamespace(cache, whole, "red"), whole);
    }
    EXPECT_EQ(OnShardOfNamespace(cache, collection, std::nullopt), collection);
}

TEST(TenantNamespace, TheDescriptionIsCopiedOnceAShardAndGoesWithTheCollection) {
    FakeRootCoord root;
    root.collections.push_back(*Shards({{"namespace.sharding.enabled", "true"}}));
    root.collections[0].id = 7;
    root.collections[0].database_name = "default";
    root.collections[0].schema.name = "books";
    MetaCache cache(&root, nullptr);
    const base::CallContext context;
    const CollectionPtr whole = *cache.Get(context, "", "books");
    const auto shards_of = [&](const CollectionPtr& collection) {
        std::set<CollectionPtr> shards;
        for (int i = 0; i < 100; ++i) {
            shards.insert(OnShardOfNamespace(cache, collection, "tenant" + std::to_string(i)));
        }
        return shards;
    };
    const std::set<CollectionPtr> first = shards_of(whole);
    EXPECT_EQ(first.size(), 3u);
    EXPECT_EQ(shards_of(whole), first);
    for (const CollectionPtr& shard : first) {
        EXPECT_EQ(shard->id, 7);
        EXPECT_EQ(shard->schema.name, "books");
        EXPECT_EQ(shard->vchannels.size(), 1u);
    }
    // Another description: copies of the former one are let go.
    root.collections[0].properties["timezone"] = "UTC";
    cache.Invalidate(roles::CollectionRef{"", "", 7});
    for (const CollectionPtr& shard : first) {
        EXPECT_EQ(shard.use_count(), 1) << "kept after the collection";
    }
    const CollectionPtr altered = *cache.Get(context, "", "books");
    const std::set<CollectionPtr> second = shards_of(altered);
    EXPECT_EQ(second.size(), 3u);
    EXPECT_EQ((*second.begin())->properties.at("timezone"), "UTC");
    EXPECT_EQ(shards_of(whole).begin()->get()->properties.count("timezone"), 0u);
    ASSERT_TRUE(cache.Refresh(context, "", "books").ok());
    for (const CollectionPtr& shard : second) {
        EXPECT_EQ(shard.use_count(), 1);
    }
    // A request that still holds the description of a collection that is gone.
    cache.Invalidate(roles::CollectionRef{"", "", 7});
    EXPECT_EQ(OnShardOfNamespace(cache, whole, "red").use_count(), 1);
}

TEST(TextNumberPlaces, AreThoseOfTheCastFunction) {
    schema::CollectionSchema schema;
    for (const base::FieldId id : {100, 101}) {
        schema::FieldSchema field;
        field.id = id;
        field.name = "f" + std::to_string(id);
        field.type = schema::DataType::kJson;
        schema.fields.push_back(field);
    }
    const auto index_of = [](base::FieldId field, const KeyValues& params) {
        roles::IndexInfo index;
        index.field_id = field;
        index.params = params;
        return index;
    };
    const KeyValues plain = {{"json_path", "/a"}, {"json_cast_type", "DOUBLE"}};
    KeyValues cast = plain;
    cast["json_cast_function"] = "STRING_TO_DOUBLE";
    KeyValues whole = cast;
    whole["json_path"] = "";
    KeyValues deep = cast;
    deep["json_path"] = "/b~1c/0";
    const std::vector<roles::IndexInfo> indexes = {index_of(100, plain), index_of(101, deep),
                                                   index_of(101, whole),
                                                   index_of(7, cast),  // a field that is gone
                                                   index_of(100, {{"M", "16"}})};
    const std::vector<expr::JsonPlace> places = TextNumberPlaces(schema, indexes);
    ASSERT_EQ(places.size(), 2u);
    EXPECT_EQ(places[0].field_id, 101);
    EXPECT_EQ(places[0].path, (std::vector<std::string>{"b/c", "0"}));
    EXPECT_TRUE(places[1].path.empty());
}

}  // namespace
}  // namespace elanus::proxy
