// Insert and Upsert requests off the wire: decoded to columns, checked against a schema.
// The first byte says which request it is; the rest is its protobuf message.
#include "proxy/insert_validation.h"
#include "rows.h"
#include "target.h"
#include "wire/row_decoder.h"

#include <grpcpp/impl/grpc_library.h>
#include <proto/milvus.pb.h>

using namespace elanus;

namespace {

namespace pb = ::milvus::proto;

constexpr char kInsert = 'i';
constexpr char kUpsert = 'u';
constexpr char kPartial = 'p';

pb::schema::FieldData* AddField(pb::milvus::InsertRequest* request, const char* name,
                                pb::schema::DataType type) {
    pb::schema::FieldData* field = request->add_fields_data();
    field->set_field_name(name);
    field->set_type(type);
    return field;
}

void AddStructs(pb::milvus::InsertRequest* request) {
    auto* structs = AddField(request, "ss", pb::schema::ArrayOfStruct)->mutable_struct_arrays();
    pb::schema::FieldData* numbers = structs->add_fields();
    numbers->set_field_name("u");
    numbers->set_type(pb::schema::Array);
    pb::schema::FieldData* vectors = structs->add_fields();
    vectors->set_field_name("sub");
    vectors->set_type(pb::schema::ArrayOfVector);
    auto* rows = vectors->mutable_vectors()->mutable_vector_array();
    rows->set_dim(2);
    rows->set_element_type(pb::schema::FloatVector);
    for (int row = 0; row < 2; ++row) {
        numbers->mutable_scalars()->mutable_array_data()->add_data()->mutable_long_data()->add_data(
            row);
        pb::schema::VectorField* vector = rows->add_data();
        vector->set_dim(2);
        vector->mutable_float_vector()->add_data(1);
        vector->mutable_float_vector()->add_data(2);
    }
    numbers->mutable_scalars()->mutable_array_data()->set_element_type(pb::schema::Int64);
}

void AddVectors(pb::milvus::InsertRequest* request) {
    auto* floats = AddField(request, "v", pb::schema::FloatVector)->mutable_vectors();
    floats->set_dim(2);
    for (int i = 0; i < 4; ++i) {
        floats->mutable_float_vector()->add_data(0.5F);
    }
    pb::schema::FieldData* binary = AddField(request, "bv", pb::schema::BinaryVector);
    binary->add_valid_data(true);
    binary->add_valid_data(false);
    binary->mutable_vectors()->set_dim(8);
    binary->mutable_vectors()->set_binary_vector("x");
    auto* sparse = AddField(request, "sv", pb::schema::SparseFloatVector)
                       ->mutable_vectors()
                       ->mutable_sparse_float_vector();
    sparse->add_contents(std::string("\1\0\0\0\0\0\200\77", 8));
    sparse->add_contents("");
}

// Two rows.
pb::milvus::InsertRequest Rows() {
    pb::milvus::InsertRequest request;
    request.set_collection_name("c");
    request.set_num_rows(2);
    auto scalars = [&request](const char* name, pb::schema::DataType type) {
        return AddField(&request, name, type)->mutable_scalars();
    };
    for (int row = 0; row < 2; ++row) {
        request.add_hash_keys(static_cast<uint32_t>(row));
    }
    auto* ids = scalars("id", pb::schema::Int64)->mutable_long_data();
    auto* small = scalars("i8", pb::schema::Int8)->mutable_int_data();
    auto* ints = scalars("i32", pb::schema::Int32)->mutable_int_data();
    auto* floats = scalars("f", pb::schema::Float)->mutable_float_data();
    auto* texts = scalars("t", pb::schema::VarChar)->mutable_string_data();
    auto* documents = scalars("j", pb::schema::JSON)->mutable_json_data();
    auto* moments = scalars("ts", pb::schema::Timestamptz)->mutable_string_data();
    auto* shapes = scalars("g", pb::schema::Geometry)->mutable_geometry_wkt_data();
    auto* lists = scalars("ab", pb::schema::Array)->mutable_array_data();
    auto* numbers = scalars("af", pb::schema::Array)->mutable_array_data();
    for (int row = 0; row < 2; ++row) {
        ids->add_data(row);
        small->add_data(-128);
        ints->add_data(row);
        floats->add_data(0.5F);
        texts->add_data("text");
        documents->add_data("{\"a\": [1, null]}");
        moments->add_data("2025-01-01T00:00:00Z");
        shapes->add_data("POINT (1 1)");
        lists->add_data()->mutable_bool_data()->add_data(true);
        numbers->add_data()->mutable_float_data()->add_data(1.5F);
    }
    AddVectors(&request);
    AddStructs(&request);
    pb::schema::FieldData* dynamic = AddField(&request, "$meta", pb::schema::JSON);
    dynamic->set_is_dynamic(true);
    dynamic->mutable_scalars()->mutable_json_data()->add_data("{\"dyn\": 1}");
    dynamic->mutable_scalars()->mutable_json_data()->add_data("{}");
    return request;
}

}  // namespace

ELANUS_FUZZ_SEEDS {
    const pb::milvus::InsertRequest insert = Rows();
    pb::milvus::UpsertRequest upsert;
    upsert.set_collection_name("c");
    upsert.set_num_rows(2);
    *upsert.mutable_fields_data() = insert.fields_data();
    return {kInsert + insert.SerializeAsString(), kUpsert + upsert.SerializeAsString(),
            kPartial + upsert.SerializeAsString()};
}

ELANUS_FUZZ_TARGET(insert) {
    // Slices need gRPC's library, which only its channels and servers set up by themselves.
    static const grpc::internal::GrpcLibraryInitializer library;
    const char form = bytes.empty() ? kInsert : bytes.front();
    bytes.remove_prefix(bytes.empty() ? 0 : 1);
    const grpc::Slice slice(bytes.data(), bytes.size());
    const grpc::ByteBuffer buffer(&slice, 1);
    auto request = form == kInsert ? wire::DecodeInsert(buffer) : wire::DecodeUpsert(buffer);
    if (!request.ok()) {
        return;
    }
    const auto batch = proxy::PrepareRows(fuzz::EveryType(), proxy::Limits(),
                                          form == kInsert    ? proxy::WriteKind::kInsert
                                          : form == kPartial ? proxy::WriteKind::kPartial
                                                             : proxy::WriteKind::kUpsert,
                                          &*request);
    FUZZ_EXPECT(!batch.ok() || batch->Verify().ok());
}
