#include "wire/result_encoder.h"

#include "proxy/read_report.h"
#include "sys/stopwatch.h"
#include "wire/aggregation_codec.h"
#include "wire/reply_writer.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

#include <grpcpp/support/slice.h>

namespace elanus::wire {
namespace {

using schema::Column;
using schema::ColumnView;
using schema::DataType;

// One entry of Status.extra_info.
void AppendExtraInfo(std::string_view key, std::string_view value, ReplyWriter* out) {
    ReplyWriter entry;
    entry.String(1, key);
    entry.String(2, value);
    out->Message(6, entry);
}

// milvus.proto.common.Status.
ReplyWriter StatusMessage(const base::Status& status) {
    ReplyWriter out;
    if (status.ok()) {
        return out;
    }
    out.Signed(1, base::LegacyErrorCode(status.code()));
    out.String(2, status.reason());
    out.Signed(3, static_cast<int32_t>(status.code()));
    out.Bool(4, status.retriable());
    out.String(5, status.reason());
    if (status.is_input_error()) {
        AppendExtraInfo("is_input_error", "true", &out);
    }
    return out;
}

// The status of an answer with its profile.
ReplyWriter ProfileMessage(const proxy::RenderedProfile& profile) {
    ReplyWriter out;
    AppendExtraInfo("profile", profile.text, &out);
    AppendExtraInfo("profile_json", profile.json, &out);
    return out;
}

grpc::ByteBuffer ToBuffer(ReplyWriter writer) {
    auto* owner = new std::string(writer.Take());
    const grpc::Slice slice(
        owner->data(), owner->size(), [](void* bytes) { delete static_cast<std::string*>(bytes); },
        owner);
    return grpc::ByteBuffer(&slice, 1);
}

// milvus.proto.schema.IDs.
ReplyWriter IdsMessage(const schema::PrimaryKeys& keys) {
    ReplyWriter array;
    ReplyWriter out;
    if (keys.is_string) {
        for (const std::string& key : keys.strings) {
            array.Bytes(1, key);
        }
        out.Message(2, array);
    } else {
        array.PackedVarints(1, keys.ints);
        out.Message(1, array);
    }
    return out;
}

template <typename T>
ReplyWriter VarintArray(const ColumnView& view, size_t begin, size_t end) {
    ReplyWriter array;
    array.PackedVarints(1, std::vector<T>(view.As<T>() + begin, view.As<T>() + end));
    return array;
}

template <typename T>
ReplyWriter FixedArray(const ColumnView& view, size_t begin, size_t end) {
    ReplyWriter array;
    array.PackedFixed(1, view.As<T>() + begin, (end - begin) * sizeof(T));
    return array;
}

ReplyWriter BytesArray(const ColumnView& view, size_t begin, size_t end) {
    ReplyWriter array;
    array.Reserve(view.offsets[end] - view.offsets[begin] + 6 * (end - begin));
    for (size_t row = begin; row < end; ++row) {
        array.Bytes(1, view.StringAt(row));
    }
    return array;
}

// milvus.proto.schema.ScalarField of rows [begin, end).
ReplyWriter ScalarMessage(const ColumnView& view, size_t begin, size_t end) {
    ReplyWriter out;
    switch (view.type) {
        case DataType::kBool:
            out.Message(1, VarintArray<uint8_t>(view, begin, end));
            break;
        case DataType::kInt8:
            out.Message(2, VarintArray<int8_t>(view, begin, end));
            break;
        case DataType::kInt16:
            out.Message(2, VarintArray<int16_t>(view, begin, end));
            break;
        case DataType::kInt32:
            out.Message(2, VarintArray<int32_t>(view, begin, end));
            break;
        case DataType::kInt64:
            out.Message(3, VarintArray<int64_t>(view, begin, end));
            break;
        case DataType::kTimestamptz:
            out.Message(11, VarintArray<int64_t>(view, begin, end));
            break;
        case DataType::kFloat:
            out.Message(4, FixedArray<float>(view, begin, end));
            break;
        case DataType::kDouble:
            out.Message(5, FixedArray<double>(view, begin, end));
            break;
        case DataType::kJson:
            out.Message(9, BytesArray(view, begin, end));
            break;
        case DataType::kGeometry:
            out.Message(10, BytesArray(view, begin, end));
            break;
        case DataType::kArray: {
            ReplyWriter arrays;
            for (size_t row = begin; row < end; ++row) {
                arrays.Message(
                    1, ScalarMessage(view.children[0], view.offsets[row], view.offsets[row + 1]));
            }
            arrays.Signed(2, static_cast<int32_t>(view.element_type));
            out.Message(8, arrays);
            break;
        }
        default:
            out.Message(6, BytesArray(view, begin, end));
    }
    return out;
}

// The values of the valid rows only: null vectors are left out, here and on the wire.
std::vector<uint8_t> CompactRows(const ColumnView& view, size_t width) {
    std::vector<uint8_t> bytes;
    for (size_t row = 0; row < view.rows; ++row) {
        if (view.IsValid(row)) {
            bytes.insert(bytes.end(), view.values + row * width, view.values + (row + 1) * width);
        }
    }
    return bytes;
}

uint32_t VectorFieldNumber(DataType type) {
    switch (type) {
        case DataType::kBinaryVector:
            return 3;
        case DataType::kFloat16Vector:
            return 4;
        case DataType::kBFloat16Vector:
            return 5;
        case DataType::kInt8Vector:
            return 7;
        default:
            return 2;
    }
}

// milvus.proto.schema.VectorField of vectors [begin, end) of a dense vector column.
ReplyWriter DenseMessage(const ColumnView& view, size_t begin, size_t end) {
    const size_t width = schema::FixedWidth(view.type, view.dim);
    std::vector<uint8_t> compact;
    const uint8_t* data = view.values + begin * width;
    size_t size = (end - begin) * width;
    if (view.validity != nullptr) {
        compact = CompactRows(view, width);
        data = compact.data();
        size = compact.size();
    }
    ReplyWriter out;
    out.Reserve(size + 32);
    out.Signed(1, view.dim);
    const uint32_t number = VectorFieldNumber(view.type);
    if (view.type == DataType::kFloatVector) {
        // FloatArray { repeated float data = 1 } around the floats, its length known beforehand.
        out.BeginBytes(number, size == 0 ? 0 : 1 + ReplyWriter::VarintSize(size) + size);
        out.PackedFixed(1, data, size);
    } else {
        out.BeginBytes(number, size);
        out.Append(data, size);
    }
    return out;
}

// The largest index of a row's pairs, plus one.
int64_t SparseDim(std::string_view row) {
    constexpr size_t kPairBytes = 8;
    uint32_t last = 0;
    if (row.size() < kPairBytes) {
        return 0;
    }
    std::memcpy(&last, row.data() + row.size() - kPairBytes, sizeof last);
    return int64_t{last} + 1;
}

// SparseFloatArray inside a VectorField: one byte string a valid row.
ReplyWriter SparseMessage(const ColumnView& view) {
    ReplyWriter rows;
    rows.Reserve(view.rows == 0 ? 0 : view.offsets[view.rows] + 6 * view.rows);
    int64_t dim = 0;
    for (size_t row = 0; row < view.rows; ++row) {
        if (view.IsValid(row)) {
            rows.Bytes(1, view.StringAt(row));
            dim = std::max(dim, SparseDim(view.StringAt(row)));
        }
    }
    rows.Signed(2, dim);
    ReplyWriter out;
    out.Signed(1, dim);
    out.Message(6, rows);
    return out;
}

// VectorArray inside a VectorField: one VectorField a row, null rows empty.
ReplyWriter VectorArrayMessage(const ColumnView& view) {
    const ColumnView& vectors = view.children[0];
    ReplyWriter array;
    array.Signed(1, view.dim);
    for (size_t row = 0; row < view.rows; ++row) {
        array.Message(2, DenseMessage(vectors, view.offsets[row], view.offsets[row + 1]));
    }
    array.Signed(3, static_cast<int32_t>(view.element_type));
    ReplyWriter out;
    out.Signed(1, view.dim);
    out.Message(8, array);
    return out;
}

ReplyWriter VectorMessage(const ColumnView& view) {
    switch (view.type) {
        case DataType::kSparseFloatVector:
            return SparseMessage(view);
        case DataType::kArrayOfVector:
            return VectorArrayMessage(view);
        default:
            return DenseMessage(view, 0, view.rows);
    }
}

ReplyWriter FieldMessage(const proxy::OutputColumn& column);

// StructArrayField { repeated FieldData fields = 1 }
ReplyWriter StructMessage(const proxy::OutputColumn& column) {
    ReplyWriter out;
    for (const proxy::OutputColumn& sub_column : column.sub_columns) {
        out.Message(1, FieldMessage(sub_column));
    }
    return out;
}

// Where the values of a field stand in its FieldData.
void AppendValues(const proxy::OutputColumn& column, const ColumnView& view, ReplyWriter* out) {
    if (column.shown_type() == DataType::kArrayOfStruct) {
        out->Message(8, StructMessage(column));
    } else if (schema::IsVector(view.type)) {
        out->Message(4, VectorMessage(view));
    } else if (column.shown_type() == DataType::kGeometry && view.type != DataType::kGeometry) {
        ReplyWriter scalars;
        scalars.Message(12, BytesArray(view, 0, view.rows));  // as well-known text
        out->Message(3, scalars);
    } else {
        out->Message(3, ScalarMessage(view, 0, view.rows));
    }
}

ReplyWriter FieldMessage(const proxy::OutputColumn& column) {
    const ColumnView view = column.values.View();
    ReplyWriter out;
    out.Signed(1, static_cast<int32_t>(column.shown_type()));
    out.String(2, column.name);
    AppendValues(column, view, &out);
    out.Signed(5, column.field_id);
    out.Bool(6, column.is_dynamic);
    // The sub-fields of a struct array say which rows are null, not the array itself.
    if (column.nullable && column.sub_columns.empty()) {
        std::vector<uint8_t> valid(view.rows);
        for (size_t row = 0; row < view.rows; ++row) {
            valid[row] = view.IsValid(row) ? 1 : 0;
        }
        out.PackedVarints(7, valid);
    }
    return out;
}

// milvus.proto.common.HighlightResult: one HighlightData a hit, empty ones too.
ReplyWriter HighlightMessage(const proxy::HighlightedField& field) {
    ReplyWriter out;
    out.String(1, field.name);
    for (size_t hit = 0; hit < field.fragments.size(); ++hit) {
        ReplyWriter data;
        for (const std::string& fragment : field.fragments[hit]) {
            data.Bytes(1, fragment);
        }
        if (!field.scores.empty()) {
            const std::vector<float>& scores = field.scores.at(hit);
            data.PackedFixed(2, scores.data(), scores.size() * sizeof(float));
        }
        out.Message(2, data);
    }
    return out;
}

// milvus.proto.schema.SearchResultData.
ReplyWriter SearchDataMessage(const proxy::SearchResults& results) {
    ReplyWriter out;
    out.Signed(1, results.nq);
    out.Signed(2, results.top_k);
    for (const proxy::OutputColumn& column : results.columns) {
        out.Message(3, FieldMessage(column));
    }
    out.PackedFixed(4, results.scores.data(), results.scores.size() * sizeof(float));
    if (!results.ids.empty()) {
        out.Message(5, IdsMessage(results.ids));
    }
    out.PackedVarints(6, results.counts);
    for (const std::string& name : results.output_fields) {
        out.Bytes(7, name);
    }
    for (const proxy::OutputColumn& column : results.group_values) {
        out.Message(results.has_single_group_field ? 8 : 17, FieldMessage(column));
    }
    if (!results.iterator_token.empty()) {
        ReplyWriter place;  // SearchIteratorV2Results
        place.String(1, results.iterator_token);
        place.Fixed(2, results.iterator_bound);
        out.Message(11, place);
    }
    out.PackedFixed(12, results.recalls.data(), results.recalls.size() * sizeof(float));
    out.String(13, results.primary_field_name);
    for (const proxy::HighlightedField& field : results.highlights) {
        out.Message(14, HighlightMessage(field));
    }
    if (!results.element_indices.empty()) {
        ReplyWriter places;  // LongArray
        places.PackedVarints(1, results.element_indices);
        out.Message(15, places);
    }
    if (results.is_aggregation) {
        AppendBuckets(results, &out);
    }
    return out;
}

void AppendSearch(const proxy::SearchResults& results, const ReplyWriter& data, ReplyWriter* out) {
    out->Message(2, data);
    out->String(3, results.collection_name);
    out->Varint(4, results.session_ts);
}

void AppendQuery(const proxy::QueryResults& results, ReplyWriter* out) {
    for (const proxy::OutputColumn& column : results.columns) {
        out->Message(2, FieldMessage(column));
    }
    out->String(3, results.collection_name);
    for (const std::string& name : results.output_fields) {
        out->Bytes(4, name);
    }
    out->Varint(5, results.session_ts);
    out->String(6, results.primary_field_name);
}

// The status stands behind the rest, which protobuf allows: the profile tells how long the rest
// took. pymilvus hides the status, but hands out search_iterator_v2_results (field 11) of an answer
// as it is; its token carries the profile, in the form that was asked for.
void AppendProfiled(const proxy::SearchResults& results, ReplyWriter* out) {
    uint64_t encode_ns = 0;
    ReplyWriter data;
    {
        const sys::Stopwatch watch(sys::RealClock(), &encode_ns);
        data = SearchDataMessage(results);
    }
    const proxy::RenderedProfile profile = proxy::RenderProfile(*results.report, encode_ns);
    if (results.session_ts == 0) {  // an iterator would take it for its own
        const bool is_json = results.report->form == proxy::ProfileForm::kJson;
        ReplyWriter token;
        token.String(1, is_json ? profile.json : profile.text);
        data.Message(11, token);
    }
    AppendSearch(results, data, out);
    out->Message(1, ProfileMessage(profile));
}

// Of a query pymilvus hands out nothing but columns: a query for the profile's own field gets it in
// place of the rows.
void AppendProfiled(const proxy::QueryResults& results, ReplyWriter* out) {
    uint64_t encode_ns = 0;
    {
        const sys::Stopwatch watch(sys::RealClock(), &encode_ns);
        AppendQuery(results, out);
    }
    const proxy::RenderedProfile profile = proxy::RenderProfile(*results.report, encode_ns);
    if (results.report->replaces_rows) {
        *out = ReplyWriter();
        AppendQuery(proxy::ProfileAsRow(profile, *results.report), out);
    }
    out->Message(1, ProfileMessage(profile));
}

}  // namespace

std::string EncodeField(const proxy::OutputColumn& column) {
    return FieldMessage(column).Take();
}

grpc::ByteBuffer EncodeMutation(const base::Result<proxy::MutationResult>& result) {
    ReplyWriter out;
    out.Message(1, StatusMessage(result.status()));
    if (result.ok()) {
        const size_t rows =
            static_cast<size_t>(std::max(result->insert_count, result->upsert_count));
        out.Message(2, IdsMessage(result->ids));
        std::vector<uint32_t> index(rows);
        std::iota(index.begin(), index.end(), 0);
        out.PackedVarints(3, index);
        out.Bool(5, true);
        // An upsert also tells what it is made of: a delete and an insert of each row.
        out.Signed(6, result->insert_count + result->upsert_count);
        out.Signed(7, result->delete_count + result->upsert_count);
        out.Signed(8, result->upsert_count);
        out.Varint(9, result->timestamp);
    }
    return ToBuffer(std::move(out));
}

grpc::ByteBuffer EncodeSearch(const base::Result<proxy::SearchResults>& result) {
    ReplyWriter out;
    if (result.ok() && result->report != nullptr) {
        AppendProfiled(*result, &out);
        return ToBuffer(std::move(out));
    }
    out.Message(1, StatusMessage(result.status()));
    if (result.ok()) {
        AppendSearch(*result, SearchDataMessage(*result), &out);
    }
    return ToBuffer(std::move(out));
}

grpc::ByteBuffer EncodeQuery(const base::Result<proxy::QueryResults>& result) {
    ReplyWriter out;
    if (result.ok() && result->report != nullptr) {
        AppendProfiled(*result, &out);
        return ToBuffer(std::move(out));
    }
    out.Message(1, StatusMessage(result.status()));
    if (result.ok()) {
        AppendQuery(*result, &out);
    }
    return ToBuffer(std::move(out));
}

}  // namespace elanus::wire
