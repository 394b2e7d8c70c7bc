// BM25 indexes of counts: names, filters and ranges, and what goes to the other index.
#include "vindex/term_index.h"

#include "codec/sink.h"
#include "postings/layout.h"
#include "vindex/bm25.h"
#include "vindex/family.h"
#include "vindex/sparse_index.h"

#include <algorithm>
#include <map>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace elanus::vindex {
namespace {

struct Rows {
    std::string bytes;
    std::vector<uint32_t> offsets = {0};

    void Add(const std::map<uint32_t, float>& entries) {
        for (const auto& [index, value] : entries) {
            bytes.append(reinterpret_cast<const char*>(&index), 4);
            bytes.append(reinterpret_cast<const char*>(&value), 4);
        }
        offsets.push_back(static_cast<uint32_t>(bytes.size()));
    }
    size_t size() const { return offsets.size() - 1; }
    std::string_view Row(size_t row) const {
        return std::string_view(bytes).substr(offsets[row], offsets[row + 1] - offsets[row]);
    }
    BuildInput Input() const {
        BuildInput input;
        input.vectors = bytes.data();
        input.offsets = offsets.data();
        input.rows = size();
        return input;
    }
};

Rows RandomRows(size_t count, float step = 1) {
    std::mt19937 random(1);
    Rows rows;
    for (size_t row = 0; row < count; ++row) {
        std::map<uint32_t, float> entries;
        for (size_t words = random() % 30; words > 0; --words) {
            const double u = (random() % 10000 + 1) / 10001.0;
            entries[static_cast<uint32_t>(200 * u * u) * 104729] += step;
        }
        rows.Add(entries);
    }
    return rows;
}

std::unique_ptr<Index> Build(const Rows& rows, const std::string& name) {
    auto index = BuildIndex({name, VectorType::kSparseFloat, Metric::kBm25, 0, {}}, rows.Input());
    EXPECT_TRUE(index.ok()) << index.status().reason();
    return std::move(*index);
}

std::string QueryOf(const std::map<uint32_t, float>& entries) {
    Rows rows;
    rows.Add(entries);
    return rows.bytes;
}

TEST(TermIndex, KeepsItsNameAndFormat) {
    const Rows rows = RandomRows(300);
    for (const std::string& name :
         std::vector<std::string>{"SPARSE_INVERTED_INDEX", "SPARSE_WAND", "AUTOINDEX"}) {
        codec::StringSink sink;
        ASSERT_TRUE(Build(rows, name)->Save(sink).ok());
        const auto file = base::Buffer::FromString(sink.Take());
        EXPECT_EQ(*codec::EnvelopeReader::FormatOf(file), postings::kFormat);
        const auto opened = OpenIndex(file);
        ASSERT_TRUE(opened.ok());
        EXPECT_EQ((*opened)->index_type(), name);
        EXPECT_EQ((*opened)->metric(), Metric::kBm25);
        EXPECT_EQ((*opened)->size(), rows.size());
        EXPECT_TRUE((*opened)->Verify().ok());
    }
}

TEST(TermIndex, FiltersAndRanges) {
    const Rows rows = RandomRows(4000);
    const auto index = Build(rows, "SPARSE_INVERTED_INDEX");
    const std::string query = QueryOf({{0, 0.5f}, {104729, 1.5f}, {5 * 104729, 2.5f}, {7, 9.0f}});
    SearchParams params;
    params.k = 50;
    params.params = {{"bm25_avgdl", "14"}};
    base::Bitmap filter(rows.size());
    for (size_t row = 0; row < rows.size(); row += 3) {
        filter.Set(row);
    }
    params.filter = filter;
    std::vector<double> truth;
    for (size_t row = 0; row < rows.size(); row += 3) {
        const double score = Bm25Score(query, rows.Row(row), Bm25::Of(params.params));
        if (score > 0) {
            truth.push_back(score);
        }
    }
    std::sort(truth.rbegin(), truth.rend());
    Neighbors found;
    ASSERT_TRUE(index->Search(std::string_view(query), params, &found).ok());
    EXPECT_EQ(found.counters.strategy, Strategy::kPostings);
    ASSERT_EQ(found.rows.size(), 50u);
    for (size_t i = 0; i < found.rows.size(); ++i) {
        EXPECT_EQ(found.rows[i] % 3, 0u);
        EXPECT_NEAR(found.scores[i], truth[i], 1e-5);
    }
    const Neighbors all = found;
    params.range_filter = all.scores[5];
    params.radius = all.scores[30];
    ASSERT_TRUE(index->Search(std::string_view(query), params, &found).ok());
    std::vector<uint32_t> expected;
    for (size_t i = 0; i < all.rows.size(); ++i) {
        if (all.scores[i] <= *params.range_filter && all.scores[i] > *params.radius) {
            expected.push_back(all.rows[i]);
        }
    }
    EXPECT_EQ(found.rows, expected);
}

TEST(TermIndex, ValuesThatAreNoCountsGetTheOtherIndex) {
    const Rows rows = RandomRows(200, 0.75f);
    codec::StringSink sink;
    const auto index = Build(rows, "SPARSE_WAND");
    ASSERT_TRUE(index->Save(sink).ok());
    EXPECT_EQ(*codec::EnvelopeReader::FormatOf(base::Buffer::FromString(sink.Take())),
              kSparseFormat);
}

}  // namespace
}  // namespace elanus::vindex
