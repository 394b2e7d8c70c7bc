#include "segment/origin_file.h"

namespace elanus::segment {
namespace {

constexpr std::string_view kFormat = "origins";
constexpr uint32_t kFormatVersion = 1;
constexpr uint32_t kOutputKind = 1;  // the section's field is the number of the output

}  // namespace

base::Status WriteOriginFile(const std::vector<std::span<const RowOrigin>>& outputs,
                             codec::Sink& sink) {
    codec::EnvelopeWriter writer(sink, kFormat, kFormatVersion);
    for (size_t i = 0; i < outputs.size(); ++i) {
        writer.AddArray({kOutputKind, static_cast<uint32_t>(i)}, outputs[i]);
    }
    return writer.Finish();
}

base::Result<OriginFile> OriginFile::Open(const base::Buffer& file) {
    ASSIGN_OR_RETURN(const codec::EnvelopeReader reader,
                     codec::EnvelopeReader::Open(file, kFormat, kFormatVersion));
    RETURN_IF_ERROR(reader.VerifyAll());
    OriginFile origins;
    for (uint32_t i = 0; reader.Has({kOutputKind, i}); ++i) {
        ASSIGN_OR_RETURN(base::Buffer rows, reader.Section({kOutputKind, i}));
        if (rows.size() % sizeof(RowOrigin) != 0) {
            return base::Corruption("origin file: half a row");
        }
        origins.outputs_.push_back(std::move(rows));
    }
    return origins;
}

}  // namespace elanus::segment
