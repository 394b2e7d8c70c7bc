#include "datanode/data_node.h"

#include "base/log.h"
#include "datanode/compaction.h"
#include "object/object_sink.h"
#include "scalar_index/build.h"
#include "schema/leaf_field.h"
#include "segment/sealed_segment.h"
#include "sys/kill_point.h"
#include "sys/process.h"
#include "vindex/family.h"

namespace elanus::datanode {
namespace {

// A build takes at most this part of the process's memory beside the vectors and the index.
constexpr uint64_t kBuildMemoryShare = 8;

// Absent when there is no whole index under the key yet.
base::Result<roles::BuildIndexResponse> Published(object::ObjectStore& objects,
                                                  const roles::BuildIndexRequest& request) {
    ASSIGN_OR_RETURN(const object::ObjectInfo info, objects.Stat(request.data_key));
    ASSIGN_OR_RETURN(const base::Buffer file, objects.Map(request.data_key));
    if (request.index.IsVectorIndex()) {
        RETURN_IF_ERROR(vindex::OpenIndex(file).status());
        return roles::BuildIndexResponse{request.segment.rows, info.size_bytes};
    }
    ASSIGN_OR_RETURN(const auto index, scalar_index::Index::Open(file));
    return roles::BuildIndexResponse{index->rows(), info.size_bytes};
}

base::Result<schema::LeafField> FieldOf(const roles::BuildIndexRequest& request) {
    const auto field = schema::FindLeafField(request.schema, request.index.field_id);
    if (!field.has_value()) {
        return base::Status::WithFields(base::Code::kFieldNotFound,
                                        {{"field", std::to_string(request.index.field_id)}});
    }
    return *field;
}

base::Result<vindex::BuildParams> ParamsOf(const roles::BuildIndexRequest& request) {
    ASSIGN_OR_RETURN(const schema::LeafField leaf, FieldOf(request));
    const schema::FieldSchema field = leaf.ValueSchema();
    const auto metric = vindex::MetricFromName(request.index.metric_type);
    const bool sparse = field.type == schema::DataType::kSparseFloatVector;
    if (!(sparse || schema::IsDenseVector(field.type)) || !metric.has_value() ||
        (vindex::IsListMetric(*metric) && !leaf.is_element())) {
        return base::Status::Error(base::Code::kIndexNotSupported,
                                   request.index.index_type + " over field " + leaf.Name());
    }
    vindex::BuildParams params;
    params.index_type = request.index.index_type.empty() ? "AUTOINDEX" : request.index.index_type;
    params.vector_type = static_cast<vindex::VectorType>(field.type);
    params.metric = *metric;
    params.dim = sparse ? 0 : static_cast<uint32_t>(field.dim());
    params.params = request.index.params;
    return params;
}

// One build: the segment it reads, what it writes to, and whom it tells how far it is.
class IndexBuild {
  public:
    IndexBuild(const DataNodePartners& partners, RunningBuilds& running,
               const base::CallContext& context, const roles::BuildIndexRequest& request)
        : partners_(partners),
          context_(context),
          request_(request),
          running_(running, request.data_key) {}

    base::Result<roles::BuildIndexResponse> Run() {
        RETURN_IF_ERROR(FieldOf(request_).status());
        return request_.index.IsVectorIndex() ? BuildVectors() : BuildScalars();
    }

  private:
    base::Result<schema::ColumnView> OpenColumn() {
        ASSIGN_OR_RETURN(const base::Buffer file,
                         partners_.objects->Map(request_.segment.data_key));
        auto segment = segment::SealedSegment::Open(
            request_.segment.id, request_.segment.partition_id,
            std::make_shared<const schema::CollectionSchema>(request_.schema), file);
        if (!segment.ok()) {
            return segment.status().Annotate(request_.segment.data_key);
        }
        segment_ = std::move(*segment);
        return segment_->WholeColumn(request_.index.field_id);
    }

    std::function<base::Status()> Interrupt() const {
        return [this] { return context_.Check(partners_.clock->MonotonicNs()); };
    }

    base::Result<roles::BuildIndexResponse> BuildVectors() {
        ASSIGN_OR_RETURN(const vindex::BuildParams params, ParamsOf(request_));
        ASSIGN_OR_RETURN(const schema::ColumnView vectors, OpenColumn());
        if (params.dim != 0 && vectors.dim != params.dim) {
            return base::Corruption(request_.segment.data_key + ": vectors of another dimension");
        }
        vindex::BuildInput input;
        input.vectors = vectors.values;
        input.offsets = vectors.offsets;
        input.rows = vectors.rows;
        if (vindex::IsListMetric(params.metric)) {
            ASSIGN_OR_RETURN(const auto offsets, segment_->ElementOffsets(request_.index.field_id));
            input.offsets = offsets.data();
            input.rows = offsets.size() - 1;
        }
        input.executor = partners_.executor;
        input.memory_max_bytes = sys::MemoryLimitBytes() / kBuildMemoryShare;
        input.seed = static_cast<uint64_t>(request_.segment.id) | 1;
        input.interrupt = Interrupt();
        input.progress = [this](double share) { running_.Report(share); };
        ASSIGN_OR_RETURN(const auto index, vindex::BuildIndex(params, input));
        return Publish([&](codec::Sink& sink) { return index->Save(sink); }, segment_->rows());
    }

    base::Result<roles::BuildIndexResponse> BuildScalars() {
        ASSIGN_OR_RETURN(const schema::LeafField field, FieldOf(request_));
        const scalar_index::BuildSpec spec{request_.index.index_type, field.ValueSchema(),
                                           request_.index.params};
        ASSIGN_OR_RETURN(const schema::ColumnView column, OpenColumn());
        const scalar_index::BuildInput input{column, column.rows, Interrupt()};
        return Publish(
            [&](codec::Sink& sink) { return scalar_index::BuildIndex(spec, input, sink).status(); },
            segment_->rows());
    }

    template <typename Write>
    base::Result<roles::BuildIndexResponse> Publish(Write write, uint64_t rows) {
        ASSIGN_OR_RETURN(const auto writer, partners_.objects->Create(request_.data_key));
        object::ObjectSink sink(*writer);
        RETURN_IF_ERROR(write(sink));
        const uint64_t bytes = writer->offset();
        sys::KillPoint("index.before_publish");
        RETURN_IF_ERROR(writer->Commit(object::CommitMode::kReplace));
        sys::KillPoint("index.after_publish");
        return roles::BuildIndexResponse{rows, bytes};
    }

    const DataNodePartners& partners_;
    const base::CallContext& context_;
    const roles::BuildIndexRequest& request_;
    RunningBuilds::Build running_;
    std::unique_ptr<segment::SealedSegment> segment_;
};

}  // namespace

base::Result<roles::BuildIndexResponse> DataNodeImpl::BuildIndex(
    const base::CallContext& context, const roles::BuildIndexRequest& request) {
    base::Result<roles::BuildIndexResponse> built = Published(*partners_.objects, request);
    if (built.ok()) {
        return built;
    }
    const int64_t begin_ns = partners_.clock->MonotonicNs();
    ASSIGN_OR_RETURN(built, IndexBuild(partners_, running_, context, request).Run());
    base::LogInfo("index_built", {{"segment", request.segment.id},
                                  {"index", request.index.id},
                                  {"rows", built->rows},
                                  {"ms", (partners_.clock->MonotonicNs() - begin_ns) / 1'000'000}});
    return built;
}

base::Result<roles::BuildShares> DataNodeImpl::GetBuildShares(
    const base::CallContext&, const roles::BuildSharesRequest& request) {
    roles::BuildShares answer;
    for (const std::string& data_key : request.data_keys) {
        answer.shares.push_back(running_.ShareOf(data_key));
    }
    return answer;
}

base::Result<roles::CompactSegmentsResponse> DataNodeImpl::CompactSegments(
    const base::CallContext& context, const roles::CompactSegmentsRequest& request) {
    const int64_t begin_ns = partners_.clock->MonotonicNs();
    ASSIGN_OR_RETURN(roles::CompactSegmentsResponse done,
                     Compaction(partners_, context, request).Run());
    uint64_t rows_before = 0;
    uint64_t rows_after = 0;
    for (const roles::SegmentInfo& input : request.inputs) {
        rows_before += input.rows;
    }
    for (const roles::SegmentInfo& output : done.outputs) {
        rows_after += output.rows;
    }
    base::LogInfo("segments_compacted",
                  {{"vchannel", request.inputs[0].vchannel},
                   {"from", request.inputs.size()},
                   {"to", done.outputs.size()},
                   {"rows_before", rows_before},
                   {"rows_after", rows_after},
                   {"ms", (partners_.clock->MonotonicNs() - begin_ns) / 1'000'000}});
    return done;
}

}  // namespace elanus::datanode
