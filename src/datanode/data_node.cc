#include "datanode/data_node.h"

#include "base/log.h"
#include "object/object_sink.h"
#include "segment/sealed_segment.h"
#include "sys/kill_point.h"
#include "vindex/family.h"

namespace elanus::datanode {
namespace {

// Absent when there is no whole index under the key yet.
base::Result<roles::BuildIndexResponse> Published(object::ObjectStore& objects,
                                                  const std::string& key) {
    ASSIGN_OR_RETURN(const object::ObjectInfo info, objects.Stat(key));
    ASSIGN_OR_RETURN(const base::Buffer file, objects.Map(key));
    ASSIGN_OR_RETURN(const auto index, vindex::OpenIndex(file));
    return roles::BuildIndexResponse{index->size(), info.size_bytes};
}

base::Result<vindex::BuildParams> ParamsOf(const roles::BuildIndexRequest& request) {
    const schema::FieldSchema* field = request.schema.FindField(request.index.field_id);
    if (field == nullptr) {
        return base::Status::WithFields(base::Code::kFieldNotFound,
                                        {{"field", std::to_string(request.index.field_id)}});
    }
    const auto metric = vindex::MetricFromName(request.index.metric_type);
    const bool sparse = field->type == schema::DataType::kSparseFloatVector;
    if (!(sparse || schema::IsDenseVector(field->type)) || !metric.has_value()) {
        return base::Status::Error(base::Code::kIndexNotSupported,
                                   request.index.index_type + " over field " + field->name);
    }
    vindex::BuildParams params;
    params.index_type = request.index.index_type.empty() ? "AUTOINDEX" : request.index.index_type;
    params.vector_type = static_cast<vindex::VectorType>(field->type);
    params.metric = *metric;
    params.dim = sparse ? 0 : static_cast<uint32_t>(field->dim());
    params.params = request.index.params;
    return params;
}

base::Result<uint64_t> Publish(object::ObjectStore& objects, const std::string& key,
                               const vindex::Index& index) {
    ASSIGN_OR_RETURN(const auto writer, objects.Create(key));
    object::ObjectSink sink(*writer);
    RETURN_IF_ERROR(index.Save(sink));
    const uint64_t bytes = writer->offset();
    sys::KillPoint("index.before_publish");
    RETURN_IF_ERROR(writer->Commit(object::CommitMode::kReplace));
    sys::KillPoint("index.after_publish");
    return bytes;
}

}  // namespace

base::Result<roles::BuildIndexResponse> DataNodeImpl::BuildIndex(
    const base::CallContext& context, const roles::BuildIndexRequest& request) {
    const base::Result<roles::BuildIndexResponse> before =
        Published(*partners_.objects, request.data_key);
    if (before.ok()) {
        return before;
    }
    ASSIGN_OR_RETURN(const vindex::BuildParams params, ParamsOf(request));
    ASSIGN_OR_RETURN(const base::Buffer file, partners_.objects->Map(request.segment.data_key));
    auto segment = segment::SealedSegment::Open(
        request.segment.id, request.segment.partition_id,
        std::make_shared<const schema::CollectionSchema>(request.schema), file);
    if (!segment.ok()) {
        return segment.status().Annotate(request.segment.data_key);
    }
    ASSIGN_OR_RETURN(const schema::ColumnView vectors,
                     (*segment)->WholeColumn(request.index.field_id));
    if (params.dim != 0 && vectors.dim != params.dim) {
        return base::Corruption(request.segment.data_key + ": vectors of another dimension");
    }
    vindex::BuildInput input;
    input.vectors = vectors.values;
    input.offsets = vectors.offsets;
    input.rows = vectors.rows;
    input.executor = partners_.executor;
    input.seed = static_cast<uint64_t>(request.segment.id) | 1;
    input.interrupt = [&] { return context.Check(partners_.clock->MonotonicNs()); };
    const int64_t begin_ns = partners_.clock->MonotonicNs();
    ASSIGN_OR_RETURN(const auto index, vindex::BuildIndex(params, input));
    ASSIGN_OR_RETURN(const uint64_t bytes, Publish(*partners_.objects, request.data_key, *index));
    base::LogInfo("index_built", {{"segment", request.segment.id},
                                  {"index", request.index.id},
                                  {"rows", index->size()},
                                  {"ms", (partners_.clock->MonotonicNs() - begin_ns) / 1'000'000}});
    return roles::BuildIndexResponse{index->size(), bytes};
}

}  // namespace elanus::datanode
