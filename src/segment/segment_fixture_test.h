// Test rows of every column kind, and a model of a segment to compare with.
#pragma once

#include "segment/growing_segment.h"
#include "segment/sealed_segment.h"
#include "segment/segment.h"

#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::segment {

inline constexpr base::FieldId kPkField = 100;
inline constexpr base::FieldId kNumberField = 101;  // Int64: the number the row is made from
inline constexpr base::FieldId kFloatField = 102;   // nullable Float
inline constexpr base::FieldId kNameField = 103;    // nullable VarChar
inline constexpr base::FieldId kVectorField = 104;
inline constexpr base::FieldId kNullableVectorField = 105;
inline constexpr base::FieldId kBinaryField = 116;   // and 120 nullable
inline constexpr base::FieldId kFloat16Field = 117;  // and 121 nullable
inline constexpr base::FieldId kSparseField = 118;   // and 122 nullable
inline constexpr uint32_t kDim = 8;
inline constexpr uint32_t kNullableDim = 5;

std::shared_ptr<const schema::CollectionSchema> TestSchema(bool string_keys);
schema::PrimaryKey KeyOfNumber(bool string_keys, int64_t key);
// One row for each (key, number): the columns are functions of the number.
schema::ColumnBatch TestBatch(const schema::CollectionSchema& schema,
                              const std::vector<std::pair<int64_t, int64_t>>& rows);
float NumberToFloat(int64_t number);
bool HasFloat(int64_t number);
bool HasName(int64_t number);
bool HasNullableVector(int64_t number);
bool IsNullRow(const schema::FieldSchema& field, int64_t number);
std::vector<float> NumberToVector(int64_t number, uint32_t dim);
// The vector that a row made from `number` has in a field of any vector type.
std::string VectorOf(const schema::FieldSchema& field, int64_t number);
// Those vectors as queries.
schema::Column QueryColumn(const schema::FieldSchema& field, const std::vector<int64_t>& numbers);
std::vector<vindex::Metric> MetricsOf(schema::DataType type);
// A row of a column as text, to compare values of any type.
std::string RowText(const schema::ColumnView& column, size_t row);

struct ModelRow {
    int64_t key = 0;
    int64_t number = 0;
    base::Timestamp inserted = 0;
    base::Timestamp deleted = base::kMaxTimestamp;

    bool VisibleAt(base::Timestamp timestamp) const {
        return inserted <= timestamp && (deleted > timestamp || deleted == base::kMaxTimestamp);
    }
};

// Drives a growing segment and remembers what must be in it.
class SegmentModel {
  public:
    SegmentModel(bool string_keys, uint64_t seed);

    void Insert(size_t rows, bool upsert);
    void Delete(size_t keys);
    void RandomSteps(size_t steps);
    base::Timestamp RandomTimestamp();
    // Every kind of read of `segment` at `timestamp` agrees with the model.
    void Check(const Segment& segment, base::Timestamp timestamp);

    bool string_keys;
    std::shared_ptr<const schema::CollectionSchema> schema;
    std::unique_ptr<GrowingSegment> growing;
    std::vector<ModelRow> rows;
    std::mt19937_64 random;
    base::Timestamp now = 1000;
    uint64_t index_searches = 0;  // that Check() made

  private:
    void CheckMatch(const Segment& segment, base::Timestamp timestamp);
    void CheckCount(const Segment& segment, const ReadOptions& options, size_t matched);
    void CheckFilters(const Segment& segment, base::Timestamp timestamp);
    void CheckKeys(const Segment& segment, base::Timestamp timestamp);
    void CheckFetch(const Segment& segment);
    void CheckSearch(const Segment& segment, base::Timestamp timestamp);
    void CheckHits(const VectorQuery& query, const schema::FieldSchema& field,
                   const QueryHits& hits, std::string_view vector,
                   const std::vector<bool>& selected);

    base::CallContext context_;
};

// The sealed form of a growing segment, its deletes applied.
std::unique_ptr<SealedSegment> SealAndOpen(GrowingSegment& growing,
                                           std::shared_ptr<const schema::CollectionSchema> schema);

}  // namespace elanus::segment
