// filter_bench DATA [--growing | --reuse]: our side of the filter benchmark (filter_vs_duckdb.py).
//
// Makes one segment of the column files in DATA: a sealed one, written to DATA/segment (--reuse:
// the one that an earlier run wrote) and mapped, or a growing one in memory. Then answers each line
// of stdin, a filter, with a line "rows-that-match nanoseconds-it-took"; a filter that does not
// parse or fails ends the program. The time is that of CountMatches, the call a count(*) makes;
// parsing is outside, as the plan cache of the server keeps it outside. One thread.
#include "base/call_context.h"
#include "expr/filter.h"
#include "segment/growing_segment.h"
#include "segment/sealed_segment.h"
#include "segment/segment_file.h"
#include "sys/clock.h"
#include "sys/file_system.h"

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace elanus {
namespace {

using schema::DataType;

struct Spec {
    const char* name;
    DataType type;
    DataType element = DataType::kNone;
};
constexpr Spec kColumns[] = {
    {"id", DataType::kInt64},
    {"n", DataType::kInt64},
    {"k1", DataType::kInt64},
    {"k50", DataType::kInt64},
    {"k99", DataType::kInt64},
    {"x", DataType::kDouble},
    {"y", DataType::kDouble},
    {"e1", DataType::kVarChar},
    {"e50", DataType::kVarChar},
    {"e99", DataType::kVarChar},
    {"p", DataType::kVarChar},
    {"j", DataType::kJson},
    {"a", DataType::kArray, DataType::kInt64},
};

std::shared_ptr<const schema::CollectionSchema> MakeSchema() {
    auto result = std::make_shared<schema::CollectionSchema>();
    for (const Spec& spec : kColumns) {
        schema::FieldSchema field;
        field.id = 100 + static_cast<base::FieldId>(result->fields.size());
        field.name = spec.name;
        field.type = spec.type;
        field.element_type = spec.element;
        field.is_primary_key = result->fields.empty();
        result->fields.push_back(std::move(field));
    }
    return result;
}

// The mapped files of DATA, as columns.
class Table {
  public:
    base::Status Open(const std::string& folder) {
        for (size_t i = 0; i < std::size(kColumns); ++i) {
            RETURN_IF_ERROR(OpenColumn(folder, kColumns[i], 100 + static_cast<base::FieldId>(i)));
        }
        timestamps_.assign(columns_[0].second.rows, kInserted);
        return base::Status();
    }

    segment::SegmentContent Content() const {
        segment::SegmentContent content;
        content.segment_id = 1;
        content.partition_id = 1;
        content.key_field_id = 100;
        for (const auto& [field_id, view] : columns_) {
            segment::ColumnPieces column;
            column.field_id = field_id;
            column.shape = view;
            column.may_have_nulls = false;
            column.visit = [&view](const segment::PieceVisitor& visitor) {
                visitor(view, nullptr);
            };
            content.columns.push_back(std::move(column));
        }
        content.visit_timestamps = [this](const segment::TimestampVisitor& visitor) {
            visitor(timestamps_);
        };
        return content;
    }
    // Field ids and whole columns.
    const std::vector<std::pair<base::FieldId, schema::ColumnView>>& columns() const {
        return columns_;
    }
    size_t rows() const { return timestamps_.size(); }

    static constexpr base::Timestamp kInserted = 1000;

  private:
    base::Result<base::Buffer> Map(const std::string& path) {
        ASSIGN_OR_RETURN(const auto file, sys::PosixFileSystem().Open(path, sys::OpenMode::kRead));
        ASSIGN_OR_RETURN(base::Buffer bytes, file->Map());
        files_.push_back(bytes);
        return bytes;
    }

    base::Status OpenColumn(const std::string& folder, const Spec& spec, base::FieldId field_id) {
        schema::ColumnView view;
        view.type = spec.type;
        view.element_type = spec.element;
        ASSIGN_OR_RETURN(const base::Buffer values, Map(folder + "/" + spec.name + ".values"));
        view.values = values.data();
        if (const size_t width = schema::FixedWidth(spec.type, 0); width > 0) {
            view.rows = values.size() / width;
        } else {
            ASSIGN_OR_RETURN(const base::Buffer offsets,
                             Map(folder + "/" + spec.name + ".offsets"));
            view.offsets = reinterpret_cast<const uint32_t*>(offsets.data());
            view.rows = offsets.size() / sizeof(uint32_t) - 1;
        }
        if (spec.type == DataType::kArray) {
            schema::ColumnView child;
            child.type = spec.element;
            child.rows = view.offsets[view.rows];
            child.values = std::exchange(view.values, nullptr);
            view.children.push_back(child);
        }
        columns_.emplace_back(field_id, std::move(view));
        return base::Status();
    }

    std::vector<base::Buffer> files_;
    std::vector<std::pair<base::FieldId, schema::ColumnView>> columns_;
    std::vector<base::Timestamp> timestamps_;
};

class FileSink : public codec::Sink {
  public:
    explicit FileSink(sys::File& file) : file_(file) {}
    base::Status Append(std::string_view bytes) override {
        RETURN_IF_ERROR(file_.WriteAt(size_, bytes));
        size_ += bytes.size();
        return base::Status();
    }

  private:
    sys::File& file_;
    uint64_t size_ = 0;
};

base::Status WriteSegment(const std::string& folder, const std::string& path) {
    Table table;
    RETURN_IF_ERROR(table.Open(folder));
    RETURN_IF_ERROR(sys::PosixFileSystem().Remove(path));
    ASSIGN_OR_RETURN(const auto file, sys::PosixFileSystem().Open(path, sys::OpenMode::kCreateNew));
    FileSink sink(*file);
    return segment::WriteSegmentFile(table.Content(), sink);
}

base::Result<std::unique_ptr<segment::Segment>> OpenSealed(const std::string& folder, bool reuse) {
    const std::string path = folder + "/segment";
    if (!reuse) {
        RETURN_IF_ERROR(WriteSegment(folder, path));
    }
    ASSIGN_OR_RETURN(const auto file, sys::PosixFileSystem().Open(path, sys::OpenMode::kRead));
    ASSIGN_OR_RETURN(base::Buffer bytes, file->Map());
    ASSIGN_OR_RETURN(auto sealed,
                     segment::SealedSegment::Open(1, 1, MakeSchema(), std::move(bytes)));
    return std::unique_ptr<segment::Segment>(std::move(sealed));
}

base::Result<std::unique_ptr<segment::Segment>> MakeGrowing(const std::string& folder) {
    constexpr size_t kBatchRows = 65536;
    Table table;
    RETURN_IF_ERROR(table.Open(folder));
    auto growing = std::make_unique<segment::GrowingSegment>(1, 1, MakeSchema());
    for (size_t begin = 0; begin < table.rows(); begin += kBatchRows) {
        const size_t end = std::min(begin + kBatchRows, table.rows());
        schema::ColumnBatch batch;
        batch.rows = end - begin;
        for (const auto& [field_id, view] : table.columns()) {
            schema::ColumnBuilder builder(field_id, view.type, view.element_type);
            builder.AppendFrom(view, begin, end);
            batch.columns.push_back(builder.Finish());
        }
        growing->Append(batch, Table::kInserted);
    }
    return std::unique_ptr<segment::Segment>(std::move(growing));
}

base::Status Answer(const segment::Segment& segment, const std::string& filter) {
    static const auto schema = MakeSchema();
    ASSIGN_OR_RETURN(const expr::Plan plan, expr::ParseFilter(filter, *schema));
    const base::CallContext context;
    segment::ReadOptions options;
    options.filter = &plan;
    options.context = &context;
    options.clock = &sys::RealClock();
    segment::ReadCounters counters;
    const int64_t begin = options.clock->MonotonicNs();
    ASSIGN_OR_RETURN(const size_t count, segment.CountMatches(options, &counters));
    std::printf("%zu %lld\n", count, static_cast<long long>(options.clock->MonotonicNs() - begin));
    std::fflush(stdout);
    return base::Status();
}

base::Status Serve(const std::string& folder, std::string_view mode) {
    ASSIGN_OR_RETURN(const auto segment, mode == "--growing"
                                             ? MakeGrowing(folder)
                                             : OpenSealed(folder, mode == "--reuse"));
    std::printf("%zu rows\n", segment->rows());
    std::fflush(stdout);
    std::string filter;
    while (std::getline(std::cin, filter)) {
        RETURN_IF_ERROR(Answer(*segment, filter));
    }
    return base::Status();
}

}  // namespace
}  // namespace elanus

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: filter_bench DATA [--growing | --reuse]\n");
        return 2;
    }
    const elanus::base::Status status = elanus::Serve(argv[1], argc > 2 ? argv[2] : "");
    if (!status.ok()) {
        std::fprintf(stderr, "filter_bench: %s\n", std::string(status.reason()).c_str());
        return 1;
    }
    return 0;
}
