#include "wire/row_decoder.h"

#include "base/utf8.h"

#include <cstring>
#include <optional>
#include <vector>

#include <google/protobuf/io/coded_stream.h>
#include <grpcpp/support/proto_buffer_reader.h>

namespace elanus::wire {
namespace {

using google::protobuf::io::CodedInputStream;
using schema::Column;
using schema::DataType;

enum WireType : uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

constexpr int kDepthMax = 8;  // FieldData > StructArray > FieldData > ScalarField > Array > ...
// Columns of a request, of a struct, and operations: more than a schema has fields. Each takes a
// hundred times the two bytes that an empty one has in the message.
constexpr size_t kColumnsMax = 4096;

// Walks the fields of one message. Sub-messages and byte strings are length-limited views.
class Reader {
  public:
    explicit Reader(CodedInputStream* in) : in_(*in) {}

    // The next field; false at the end of the message.
    bool Next() {
        const uint32_t tag = in_.ReadTag();
        number_ = tag >> 3;
        wire_type_ = tag & 7;
        if (tag == 0) {
            ok_ = ok_ && in_.ConsumedEntireMessage();
            return false;
        }
        return ok_;
    }
    uint32_t number() const { return number_; }
    bool is_bytes() const { return wire_type_ == kBytes; }
    bool ok() const { return ok_; }

    bool Skip() {
        uint64_t ignored = 0;
        uint32_t word = 0;
        switch (wire_type_) {
            case kVarint:
                return Check(in_.ReadVarint64(&ignored));
            case kFixed64:
                return Check(in_.ReadLittleEndian64(&ignored));
            case kFixed32:
                return Check(in_.ReadLittleEndian32(&word));
            case kBytes: {
                const int length = Length();
                return ok_ && Check(in_.Skip(length));
            }
            default:
                return Check(false);
        }
    }
    uint64_t Varint() {
        uint64_t value = 0;
        if (wire_type_ != kVarint) {
            Skip();
            return 0;
        }
        Check(in_.ReadVarint64(&value));
        return value;
    }
    std::string String() {
        std::string value;
        const int length = Length();
        if (ok_) {
            Check(in_.ReadString(&value, length) && base::IsValidUtf8(value));
        }
        return value;
    }
    // Appends the bytes of this field to `out`.
    template <typename T>
    void AppendBytes(std::vector<T>* out) {
        const int length = Length();
        if (!ok_) {
            return;
        }
        if (static_cast<size_t>(length) % sizeof(T) != 0) {
            Check(false);
            return;
        }
        const size_t before = out->size();
        out->resize(before + static_cast<size_t>(length) / sizeof(T));
        Check(in_.ReadRaw(out->data() + before, length));
    }
    // A repeated number, packed or one by one.
    template <typename T>
    void AppendVarints(std::vector<T>* out) {
        if (wire_type_ == kVarint) {
            out->push_back(static_cast<T>(Varint()));
            return;
        }
        Inside([&](Reader&) {
            uint64_t value = 0;
            while (in_.BytesUntilLimit() > 0 && Check(in_.ReadVarint64(&value))) {
                out->push_back(static_cast<T>(value));
            }
        });
    }
    template <typename T>
    void AppendFixed(std::vector<T>* out) {
        if (wire_type_ == kBytes) {
            AppendBytes(out);
            return;
        }
        T value{};
        if (Check(in_.ReadRaw(&value, sizeof value))) {
            out->push_back(value);
        }
    }
    void AppendBools(base::Bitmap* out) {
        std::vector<uint8_t> flags;
        AppendVarints(&flags);
        const size_t before = out->size();
        out->Resize(before + flags.size());
        for (size_t i = 0; i < flags.size(); ++i) {
            out->Assign(before + i, flags[i] != 0);
        }
    }
    // Runs `body` with the stream limited to this field's bytes.
    template <typename Body>
    void Inside(Body body) {
        const int length = Length();
        if (!ok_) {
            return;
        }
        const auto outer = in_.PushLimit(length);
        Reader inner(&in_);
        body(inner);
        ok_ = ok_ && inner.ok_ && in_.BytesUntilLimit() == 0;
        in_.PopLimit(outer);
    }
    // For each field of the sub-message.
    template <typename Visitor>
    void Message(Visitor visit) {
        Inside([&](Reader& inner) {
            while (inner.Next()) {
                visit(inner);
            }
        });
    }
    bool Check(bool condition) {
        ok_ = ok_ && condition;
        return ok_;
    }

  private:
    int Length() {
        uint32_t length = 0;
        if (wire_type_ != kBytes || !in_.ReadVarint32(&length) ||
            length > static_cast<uint32_t>(INT32_MAX)) {
            Check(false);
            return 0;
        }
        // A length past the enclosing message must not make us allocate.
        const int left = in_.BytesUntilLimit();
        Check(left < 0 || static_cast<int>(length) <= left);
        return static_cast<int>(length);
    }

    CodedInputStream& in_;
    uint32_t number_ = 0;
    uint32_t wire_type_ = 0;
    bool ok_ = true;
};

// Values of one data array while they arrive.
struct ByteRows {
    bool is_text = false;  // a string field: protobuf demands UTF-8
    std::vector<uint8_t> bytes;
    std::vector<uint32_t> offsets{0};

    bool Append(Reader& reader) {
        const size_t before = bytes.size();
        reader.AppendBytes(&bytes);
        if (is_text && !base::IsValidUtf8({reinterpret_cast<const char*>(bytes.data()) + before,
                                           bytes.size() - before})) {
            return reader.Check(false);
        }
        if (bytes.size() > UINT32_MAX) {
            return reader.Check(false);
        }
        offsets.push_back(static_cast<uint32_t>(bytes.size()));
        return reader.ok();
    }
    void MoveInto(Column* column) {
        column->rows = offsets.size() - 1;
        column->values = base::Buffer::FromVector(std::move(bytes));
        column->offsets = base::Buffer::FromVector(std::move(offsets));
    }
};

template <typename T>
void FinishFixed(std::vector<T> values, DataType type, Column* column) {
    column->type = type;
    column->rows = values.size();
    column->values = base::Buffer::FromVector(std::move(values));
}

void DecodeScalars(Reader& reader, Column* column, base::Bitmap* valid, int depth);

// The last of a field's repetitions counts, also where a client sends millions of them.
void SetOnlyChild(Column* column, Column child) {
    column->children.clear();
    column->children.push_back(std::move(child));
}

// Rows of different kinds: an element of a kind that no array holds stands for them, so that the
// check against the schema refuses the column by the name of its field.
void MakeUnfit(size_t rows, Column* column) {
    schema::ColumnBuilder element(0, DataType::kJson);
    element.AppendBytes("null");
    std::vector<uint32_t> offsets(rows + 1, 1);
    offsets[0] = 0;
    column->offsets = base::Buffer::FromVector(std::move(offsets));
    SetOnlyChild(column, element.Finish());
}

// milvus.proto.schema.ArrayArray: one ScalarField a row; the elements of all rows become one child.
// A row takes no memory of its own: an empty one is two bytes of the message.
void DecodeArrays(Reader& reader, Column* column, int depth) {
    std::vector<uint32_t> offsets{0};
    std::optional<schema::ColumnBuilder> elements;
    DataType element = DataType::kNone;  // that of the first row that shows one
    bool is_mixed = false;
    reader.Message([&](Reader& field) {
        if (field.number() == 1 && field.is_bytes()) {
            Column row;
            DecodeScalars(field, &row, nullptr, depth + 1);
            if (row.type != DataType::kNone && element == DataType::kNone) {
                element = row.type;
                elements.emplace(0, element);
            }
            is_mixed = is_mixed || (row.type != DataType::kNone && row.type != element);
            if (row.rows > 0 && !is_mixed) {
                elements->AppendFrom(row.View(), 0, row.rows);
            }
            offsets.push_back(elements.has_value() ? static_cast<uint32_t>(elements->rows()) : 0);
        } else if (field.number() == 2) {
            column->element_type = static_cast<DataType>(field.Varint());
        } else {
            field.Skip();
        }
    });
    column->type = DataType::kArray;
    column->rows = offsets.size() - 1;
    if (is_mixed) {
        return MakeUnfit(column->rows, column);
    }
    column->offsets = base::Buffer::FromVector(std::move(offsets));
    SetOnlyChild(column, elements.has_value()
                             ? elements->Finish()
                             : schema::ColumnBuilder(0, DataType::kInt64).Finish());
}

void DecodeByteStrings(Reader& reader, DataType type, Column* column) {
    ByteRows rows;
    rows.is_text = schema::IsStringLike(type);
    reader.Message([&](Reader& field) {
        if (field.number() == 1 && field.is_bytes()) {
            rows.Append(field);
        } else {
            field.Skip();
        }
    });
    column->type = type;
    rows.MoveInto(column);
}

template <typename T>
void DecodeVarints(Reader& reader, DataType type, Column* column) {
    std::vector<T> values;
    reader.Message([&](Reader& field) {
        if (field.number() == 1) {
            field.AppendVarints(&values);
        } else {
            field.Skip();
        }
    });
    FinishFixed(std::move(values), type, column);
}

template <typename T>
void DecodeFixed(Reader& reader, DataType type, Column* column) {
    std::vector<T> values;
    reader.Message([&](Reader& field) {
        if (field.number() == 1) {
            field.AppendFixed(&values);
        } else {
            field.Skip();
        }
    });
    FinishFixed(std::move(values), type, column);
}

// milvus.proto.schema.ScalarField.
void DecodeScalars(Reader& reader, Column* column, base::Bitmap* valid, int depth) {
    if (!reader.Check(depth < kDepthMax)) {
        return;
    }
    reader.Message([&](Reader& field) {
        switch (field.number()) {
            case 1:
                DecodeVarints<uint8_t>(field, DataType::kBool, column);
                break;
            case 2:
                DecodeVarints<int32_t>(field, DataType::kInt32, column);
                break;
            case 3:
                DecodeVarints<int64_t>(field, DataType::kInt64, column);
                break;
            case 4:
                DecodeFixed<float>(field, DataType::kFloat, column);
                break;
            case 5:
                DecodeFixed<double>(field, DataType::kDouble, column);
                break;
            case 6:
                DecodeByteStrings(field, DataType::kVarChar, column);
                break;
            case 7:
                DecodeByteStrings(field, DataType::kVarChar, column);
                break;
            case 8:
                DecodeArrays(field, column, depth);
                break;
            case 9:
                DecodeByteStrings(field, DataType::kJson, column);
                break;
            case 10:
                DecodeByteStrings(field, DataType::kGeometry, column);
                break;
            case 11:
                DecodeVarints<int64_t>(field, DataType::kTimestamptz, column);
                break;
            case 12:
                DecodeByteStrings(field, DataType::kVarChar, column);
                break;
            case 17:
                if (valid != nullptr) {
                    field.AppendBools(valid);
                } else {
                    field.Skip();
                }
                break;
            default:
                field.Skip();
        }
    });
}

// The vectors of one VectorField, or of all rows of a VectorArray, while they arrive. Floats and
// bytes are kept apart, so that floats stay aligned.
struct Vectors {
    DataType type = DataType::kNone;
    int64_t dim = 0;
    std::vector<float> floats;
    std::vector<uint8_t> bytes;
    ByteRows sparse;

    size_t size() const { return floats.size() * sizeof(float) + bytes.size(); }
    // Bytes a vector takes; 0 when the dimension is unusable.
    size_t width() const { return dim > 0 && dim <= (1 << 24) ? schema::FixedWidth(type, dim) : 0; }
    void MoveInto(Column* column) {
        column->type = type;
        if (type == DataType::kSparseFloatVector) {
            sparse.MoveInto(column);
            return;
        }
        column->dim = static_cast<uint32_t>(dim);
        column->rows = width() == 0 ? 0 : size() / width();
        column->values = type == DataType::kFloatVector
                             ? base::Buffer::FromVector(std::move(floats))
                             : base::Buffer::FromVector(std::move(bytes));
    }
};

// milvus.proto.schema.VectorArray: one VectorField a row; the vectors of all rows become one child.
// Rows of different dimensions, or of half vectors, give dimension 0, which no field has.
void DecodeVectorArray(Reader& reader, Column* column);

// milvus.proto.schema.VectorField. `array` takes what is an ArrayOfVector; null where none may be.
void DecodeVectorField(Reader& reader, Vectors* out, Column* array, base::Bitmap* valid) {
    const auto bytes_of = [out](Reader& field, DataType type) {
        // A oneof: the last one counts, but columns do not mix.
        field.Check(out->type == DataType::kNone || out->type == type);
        out->type = type;
        field.AppendBytes(&out->bytes);
    };
    reader.Message([&](Reader& field) {
        switch (field.number()) {
            case 1:
                out->dim = static_cast<int64_t>(field.Varint());
                break;
            case 2:
                field.Check(out->type == DataType::kNone || out->type == DataType::kFloatVector);
                out->type = DataType::kFloatVector;
                field.Message([&](Reader& floats) {
                    floats.number() == 1 ? floats.AppendFixed(&out->floats)
                                         : static_cast<void>(floats.Skip());
                });
                break;
            case 3:
                bytes_of(field, DataType::kBinaryVector);
                break;
            case 4:
                bytes_of(field, DataType::kFloat16Vector);
                break;
            case 5:
                bytes_of(field, DataType::kBFloat16Vector);
                break;
            case 6:
                field.Check(out->type == DataType::kNone ||
                            out->type == DataType::kSparseFloatVector);
                out->type = DataType::kSparseFloatVector;
                field.Message([&](Reader& rows) {
                    rows.number() == 1 && rows.is_bytes()
                        ? static_cast<void>(out->sparse.Append(rows))
                        : static_cast<void>(rows.Skip());
                });
                break;
            case 7:
                bytes_of(field, DataType::kInt8Vector);
                break;
            case 8:
                if (field.Check(array != nullptr && out->type == DataType::kNone)) {
                    out->type = DataType::kArrayOfVector;
                    DecodeVectorArray(field, array);
                }
                break;
            case 9:
                valid != nullptr ? field.AppendBools(valid) : static_cast<void>(field.Skip());
                break;
            default:
                field.Skip();
        }
    });
}

void DecodeVectorArray(Reader& reader, Column* column) {
    Vectors all;
    std::vector<size_t> ends;  // in bytes, since the dimension may come last
    bool same_dim = true;
    int64_t array_dim = 0;
    reader.Message([&](Reader& field) {
        if (field.number() == 1) {
            array_dim = static_cast<int64_t>(field.Varint());
        } else if (field.number() == 2 && field.is_bytes()) {
            const int64_t dim = all.dim;
            all.dim = 0;
            DecodeVectorField(field, &all, nullptr, nullptr);
            const bool has_vectors = all.size() > (ends.empty() ? 0 : ends.back());
            same_dim &= !has_vectors || dim == 0 || all.dim == 0 || all.dim == dim;
            all.dim = has_vectors && all.dim != 0 ? all.dim : dim;
            ends.push_back(all.size());
        } else if (field.number() == 3) {
            column->element_type = static_cast<DataType>(field.Varint());
        } else {
            field.Skip();
        }
    });
    all.dim = !same_dim ? 0 : all.dim == 0 ? array_dim : all.dim;
    const size_t width = all.width();
    std::vector<uint32_t> offsets{0};
    for (const size_t end : ends) {
        // Half a vector at the end of a row must not become a whole one of two rows.
        all.dim = width != 0 && end % width != 0 ? 0 : all.dim;
        offsets.push_back(width == 0 ? 0 : static_cast<uint32_t>(end / width));
    }
    column->type = DataType::kArrayOfVector;
    column->rows = ends.size();
    column->dim = static_cast<uint32_t>(all.dim);
    column->offsets = base::Buffer::FromVector(std::move(offsets));
    SetOnlyChild(column, Column());
    all.MoveInto(&column->children.back());
}

void DecodeVectors(Reader& reader, Column* column, base::Bitmap* valid) {
    Vectors vectors;
    DecodeVectorField(reader, &vectors, column, valid);
    if (vectors.type != DataType::kArrayOfVector) {
        vectors.MoveInto(column);
    }
}

// milvus.proto.schema.FieldData. Sub-fields of struct arrays are FieldData again, one level deep.
// `columns_left`: how many more the request may have.
void DecodeField(Reader& reader, proxy::InputColumn* out, size_t* columns_left, bool is_sub_field) {
    base::Bitmap inner_valid;  // newer writers put it beside the values, some write both
    reader.Message([&](Reader& field) {
        switch (field.number()) {
            case 1:
                out->type = static_cast<DataType>(field.Varint());
                break;
            case 2:
                out->name = field.String();
                break;
            case 3:
                DecodeScalars(field, &out->values, &inner_valid, 0);
                break;
            case 4:
                DecodeVectors(field, &out->values, &inner_valid);
                break;
            case 6:
                out->is_dynamic = field.Varint() != 0;
                break;
            case 7:
                field.AppendBools(&out->valid);
                break;
            case 8:
                if (!field.Check(!is_sub_field)) {
                    break;
                }
                // StructArrayField { repeated FieldData fields = 1 }
                field.Message([&](Reader& array) {
                    if (array.number() == 1 && array.is_bytes() && array.Check(*columns_left > 0)) {
                        --*columns_left;
                        out->sub_columns.emplace_back();
                        DecodeField(array, &out->sub_columns.back(), columns_left, true);
                    } else {
                        array.Skip();
                    }
                });
                break;
            default:
                field.Skip();
        }
    });
    if (out->valid.empty()) {
        out->valid = std::move(inner_valid);
    }
}

proxy::FieldOp DecodeFieldOp(Reader& reader) {
    proxy::FieldOp op;
    reader.Message([&](Reader& field) {
        switch (field.number()) {
            case 1:
                op.field = field.String();
                break;
            case 2:
                op.kind = static_cast<proxy::FieldOp::Kind>(field.Varint());
                break;
            default:
                field.Skip();
        }
    });
    return op;
}

base::Result<proxy::InsertRequest> Decode(const grpc::ByteBuffer& bytes, bool is_upsert) {
    proxy::InsertRequest request;
    // The reader takes a mutable pointer but only reads.
    grpc::ProtoBufferReader source(const_cast<grpc::ByteBuffer*>(&bytes));
    CodedInputStream in(&source);
    in.SetTotalBytesLimit(INT32_MAX);
    // The whole request as the outermost limit, so that no length inside can promise more.
    const auto whole = in.PushLimit(static_cast<int>(bytes.Length()));
    Reader reader(&in);
    size_t columns_left = kColumnsMax;
    while (reader.Next()) {
        switch (reader.number()) {
            case 2:
                request.database = reader.String();
                break;
            case 3:
                request.collection = reader.String();
                break;
            case 4:
                request.partition = reader.String();
                break;
            case 5:
                if (reader.Check(columns_left > 0)) {
                    --columns_left;
                    request.columns.emplace_back();
                    DecodeField(reader, &request.columns.back(), &columns_left, false);
                }
                break;
            case 7:
                request.num_rows = static_cast<uint32_t>(reader.Varint());
                break;
            case 8:
                request.schema_timestamp = reader.Varint();
                break;
            case 9:
                if (is_upsert) {
                    request.partial_update = reader.Varint() != 0;
                } else {
                    request.namespace_name = reader.String();
                }
                break;
            case 10:
                if (is_upsert) {
                    request.namespace_name = reader.String();
                } else {
                    reader.Skip();
                }
                break;
            case 11:
                if (is_upsert && reader.Check(request.field_ops.size() < kColumnsMax)) {
                    request.field_ops.push_back(DecodeFieldOp(reader));
                } else {
                    reader.Skip();
                }
                break;
            default:
                reader.Skip();
        }
    }
    if (!reader.ok() || !source.status().ok()) {
        return base::Status::Error(base::Code::kSerializationFailed,
                                   "the request is not a valid message");
    }
    in.PopLimit(whole);
    return request;
}

}  // namespace

base::Result<proxy::InsertRequest> DecodeInsert(const grpc::ByteBuffer& bytes) {
    return Decode(bytes, false);
}

base::Result<proxy::InsertRequest> DecodeUpsert(const grpc::ByteBuffer& bytes) {
    return Decode(bytes, true);
}

}  // namespace elanus::wire
