// Lists of more namespaces than an answer holds; shards that have so many are made up.
#include "proxy/namespaces.h"

#include "proxy/fake_roles_test.h"
#include "proxy/tenant_namespace.h"
#include "reduce/sort_key.h"

#include <set>

#include <gtest/gtest.h>

namespace elanus::proxy {
namespace {

class NamespaceListTest : public testing::Test, protected ProxyFixture {
  protected:
    NamespaceListTest() {
        for (int i = 0; i < kNamespacePageMax + 50; ++i) {
            const std::string digits = std::to_string(i);
            names_.insert("t" + std::string(7 - digits.size(), '0') + digits);
        }
        CreateCollectionRequest request = SimpleCollection();
        request.schema.enable_namespace = true;
        EXPECT_TRUE(Create(request).ok());
        streaming_node.on_retrieve = [this](const roles::RetrieveRequest& asked) {
            return Groups(asked);
        };
    }

    // What a shard answers: the first of the groups behind the name in the filter.
    roles::RetrieveResponse Groups(const roles::RetrieveRequest& asked) const {
        EXPECT_TRUE(asked.aggregation->first_groups);
        std::string after;
        if (asked.filter != nullptr) {
            after = *std::get<expr::Compare>(asked.filter->node).value.string_if();
        }
        schema::ColumnBuilder builder(0, schema::DataType::kVarChar);
        for (auto it = names_.upper_bound(after);
             it != names_.end() && builder.rows() < asked.aggregation->max_groups; ++it) {
            builder.AppendBytes(*it);
        }
        const schema::Column column = builder.Finish();
        roles::RetrieveResponse answer;
        for (size_t row = 0; row < column.rows; ++row) {
            roles::Group& group = answer.groups.emplace_back();
            reduce::AppendSortKey(column.View(), row, &group.key);
            group.states.resize(1);
        }
        return answer;
    }

    std::vector<size_t> Pages(int64_t page_size) {
        std::vector<size_t> sizes;
        std::vector<std::string> listed;
        std::string token;
        do {
            const auto page = Namespaces(proxy).List(context, "", "c", "", page_size, token);
            if (!page.ok()) {
                ADD_FAILURE() << page.status().reason();
                return sizes;
            }
            for (const NamespaceInfo& info : page->namespaces) {
                listed.push_back(info.name);
            }
            sizes.push_back(page->namespaces.size());
            token = page->next_token;
        } while (!token.empty());
        EXPECT_EQ(listed, std::vector<std::string>(names_.begin(), names_.end()));
        return sizes;
    }

    std::set<std::string> names_;
};

TEST_F(NamespaceListTest, ComesInPagesThatHaveAnEnd) {
    EXPECT_EQ(Pages(0), (std::vector<size_t>{100'000, 50}));
    EXPECT_EQ(Pages(int64_t{1} << 40), (std::vector<size_t>{100'000, 50}));
    EXPECT_EQ(Pages(50'000), (std::vector<size_t>{50'000, 50'000, 50}));
    EXPECT_EQ(Pages(50'025), (std::vector<size_t>{50'025, 50'025}));
    EXPECT_EQ(Namespaces(proxy).List(context, "", "c", "", -1, "").status().code(),
              base::Code::kInvalidParameter);
}

TEST_F(NamespaceListTest, NamesThatWereMadeStandAmongThoseOfRows) {
    for (const char* name : {"t0000003a", "a", "zz", "t0000002"}) {
        root_coord.collections[0].properties[CreatedNamespaceProperty(name)] = "77";
        names_.insert(name);
    }
    EXPECT_EQ(Pages(0), (std::vector<size_t>{100'000, 53}));
    const auto page = Namespaces(proxy).List(context, "", "c", "", 6, "");
    ASSERT_TRUE(page.ok());
    EXPECT_EQ(page->namespaces[0].name, "a");
    EXPECT_EQ(page->namespaces[3].created_ts, 77u) << "t0000002 has rows and was made";
    EXPECT_EQ(page->namespaces[4].created_ts, 0u);
    EXPECT_EQ(page->next_token, "t0000003a");
}

}  // namespace
}  // namespace elanus::proxy
