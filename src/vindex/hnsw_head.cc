#include "vindex/hnsw_head.h"

#include "vindex/param.h"

#include <cstring>

namespace elanus::vindex {
namespace {

constexpr codec::SectionId kHeadSection{1, 0};

bool Plausible(const HnswHead& head, uint32_t known_flags) {
    return IsDenseMetric(head.type(), head.metric_kind()) && IsDimension(head.type(), head.dim) &&
           head.rows <= kRowsMax && head.m >= kHnswMMin && head.m <= kHnswMMax &&
           head.level_max < kLevelsMax && (head.rows == 0 || head.entry < head.rows) &&
           (head.flags & ~known_flags) == 0;
}

}  // namespace

HnswHead HnswHead::Of(const Index& index, const HnswGraph& graph, uint32_t ef_construction,
                      uint32_t flags) {
    HnswHead head{};
    head.vector_type = static_cast<uint32_t>(index.vector_type());
    head.metric = static_cast<uint32_t>(index.metric());
    head.dim = index.dim();
    head.rows = index.size();
    head.m = graph.m;
    head.ef_construction = ef_construction;
    head.entry = graph.entry;
    head.level_max = graph.level_max;
    head.flags = flags;
    return head;
}

void HnswHead::AddTo(codec::EnvelopeWriter& writer) const {
    writer.AddArray<HnswHead>(kHeadSection, {this, 1});
}

base::Result<HnswHead> HnswHead::Read(const codec::EnvelopeReader& reader, uint32_t known_flags,
                                      std::string_view format) {
    ASSIGN_OR_RETURN(const base::Buffer bytes, reader.Array<HnswHead>(kHeadSection, 1));
    HnswHead head;
    std::memcpy(&head, bytes.data(), sizeof head);
    if (!Plausible(head, known_flags)) {
        return base::Corruption(std::string(format) + " index: bad description of its graph");
    }
    return head;
}

}  // namespace elanus::vindex
