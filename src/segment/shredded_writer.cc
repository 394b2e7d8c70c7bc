#include "segment/shredded_writer.h"

#include "base/archive.h"
#include "base/bitmap.h"
#include "json/json.h"
#include "segment/shredded_json.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <map>

namespace elanus::segment {

namespace {

using json::Scalar;
using Kind = json::Scalar::Kind;
using Path = std::vector<std::string>;

constexpr uint64_t kRowsMin = 16;
constexpr uint64_t kSampledMax = 4096;
constexpr size_t kSampledPathsMax = 1024;
constexpr size_t kKeyBytesMax = 256;
constexpr size_t kTextBytesMax = 256;
constexpr int64_t kExactMax = int64_t{1} << 53;  // doubles hold integers up to here

// Whether a raw document is an object; anything else has no members.
bool IsObject(std::string_view document) {
    const size_t first = document.find_first_not_of(" \t\r\n");
    return first != std::string_view::npos && document[first] == '{';
}

// ---- Which paths

// How often a path was met with each kind.
struct Census {
    uint64_t bools = 0;
    uint64_t ints = 0;
    uint64_t doubles = 0;
    uint64_t strings = 0;
    uint64_t others = 0;
    uint64_t last_row = 0;  // one more than the row that was counted last

    void Count(const Scalar& value) {
        switch (value.kind) {
            case Kind::kBool:
                ++bools;
                break;
            case Kind::kInt64:
                ++ints;
                break;
            case Kind::kDouble:
                ++doubles;
                break;
            case Kind::kString:
                ++(value.text.size() <= kTextBytesMax ? strings : others);
                break;
            default:
                ++others;
        }
    }
    // A few doubles among integers are looked up in their documents.
    bool are_doubles() const { return doubles * 16 > ints; }
    uint64_t numbers() const { return are_doubles() ? ints + doubles : ints; }
    uint64_t best() const { return std::max({bools, numbers(), strings}); }
    uint64_t all() const { return bools + ints + doubles + strings + others; }
    ShreddedKind kind() const {
        if (best() == numbers()) {
            return are_doubles() ? ShreddedKind::kDouble : ShreddedKind::kInt;
        }
        return best() == bools ? ShreddedKind::kBool : ShreddedKind::kString;
    }
};

class Sampler {
  public:
    explicit Sampler(uint64_t rows) : step_((rows + kSampledMax - 1) / kSampledMax) {}

    void Add(const schema::ColumnView& piece) {
        for (size_t row = 0; row < piece.rows; ++row, ++row_) {
            if (row_ % step_ == 0 && piece.IsValid(row)) {
                ++documents_;
                Path path;
                Walk(piece.StringAt(row), &path);
            }
        }
    }

    std::vector<ShreddedColumn> Choose() const {
        std::vector<std::pair<const Path*, const Census*>> frequent;
        for (const auto& [path, census] : paths_) {
            const uint64_t best = census.best();
            if (best > 0 && best * 4 >= documents_ && (census.all() - best) * 16 <= documents_) {
                frequent.emplace_back(&path, &census);
            }
        }
        std::stable_sort(frequent.begin(), frequent.end(), [](const auto& a, const auto& b) {
            return a.second->best() > b.second->best();
        });
        frequent.resize(std::min(frequent.size(), kShreddedPathsMax));
        std::vector<ShreddedColumn> chosen;
        for (const auto& [path, census] : frequent) {
            chosen.push_back({*path, census->kind(), {}});
        }
        return chosen;
    }

  private:
    // The depth of the recursion is bounded by kShreddedDepthMax.
    void Walk(std::string_view object, Path* path) {
        json::ObjectCursor cursor(object);
        std::string_view key;
        Scalar value;
        while (cursor.Next(&key, &value)) {
            if (key.size() > kKeyBytesMax) {
                continue;
            }
            path->emplace_back(key);
            Count(*path, value);
            if (value.kind == Kind::kObject && path->size() < kShreddedDepthMax) {
                Walk(value.text, path);
            }
            path->pop_back();
        }
    }
    // A repeated key counts once, by its first value, as lookups see it.
    void Count(const Path& path, const Scalar& value) {
        auto found = paths_.find(path);
        if (found == paths_.end()) {
            if (paths_.size() >= kSampledPathsMax) {
                return;
            }
            found = paths_.emplace(path, Census()).first;
        }
        if (found->second.last_row != row_ + 1) {
            found->second.last_row = row_ + 1;
            found->second.Count(value);
        }
    }

    const uint64_t step_;
    uint64_t row_ = 0;
    uint64_t documents_ = 0;
    std::map<Path, Census> paths_;
};

// ---- Their values

std::string_view BytesOf(const void* data, size_t size) {
    return {static_cast<const char*>(data), size};
}

// One path in the block that is being filled.
class PieceBuilder {
  public:
    explicit PieceBuilder(ShreddedKind kind) : kind_(kind) { Clear(); }

    void Clear() {
        typed_ = base::Bitmap(kShreddedBlockRows);
        other_ = base::Bitmap(kShreddedBlockRows);
        rows_ = 0;
        ints_.clear();
        doubles_.clear();
        text_.clear();
        offsets_.assign(1, 0);
        has_integers_ = false;
    }

    // The row that comes next has this value; a row that gets none has no value at the path.
    void SetValue(const Scalar& value) {
        const bool taken = Take(value);
        (taken ? typed_ : other_).Set(rows_);
    }
    void SetOther() { other_.Set(rows_); }
    void EndRow() {
        ++rows_;
        switch (kind_) {
            case ShreddedKind::kBool:
            case ShreddedKind::kInt:
                ints_.resize(rows_);
                break;
            case ShreddedKind::kDouble:
                doubles_.resize(rows_);
                break;
            case ShreddedKind::kString:
                offsets_.push_back(static_cast<uint32_t>(text_.size()));
        }
    }

    ShreddedPiece Describe(uint64_t offset) const {
        ShreddedPiece piece;
        piece.offset = offset;
        piece.width = Width();
        piece.all_typed = typed_.Count() == rows_;
        piece.has_other = !other_.None();
        piece.exact_doubles = kind_ == ShreddedKind::kInt && Within(kExactMax);
        piece.has_integers = has_integers_;
        piece.text_bytes = static_cast<uint32_t>(text_.size());
        return piece;
    }
    void Write(const ShreddedPiece& piece, codec::EnvelopeWriter* envelope) const {
        const size_t word_bytes = (rows_ + 63) / 64 * sizeof(uint64_t);
        if (!piece.all_typed) {
            envelope->Append(BytesOf(typed_.words().data(), word_bytes));
        }
        if (piece.has_other) {
            envelope->Append(BytesOf(other_.words().data(), word_bytes));
        }
        switch (kind_) {
            case ShreddedKind::kBool:
            case ShreddedKind::kInt:
                return WriteInts(piece.width, envelope);
            case ShreddedKind::kDouble:
                return envelope->Append(BytesOf(doubles_.data(), doubles_.size() * sizeof(double)));
            case ShreddedKind::kString:
                envelope->Append(BytesOf(offsets_.data(), offsets_.size() * sizeof(uint32_t)));
                Pad(offsets_.size() * sizeof(uint32_t), 8, envelope);
                envelope->Append(text_);
        }
    }

    static void Pad(uint64_t bytes, uint64_t alignment, codec::EnvelopeWriter* envelope) {
        static constexpr char kZeros[64] = {};
        envelope->Append(
            {kZeros, static_cast<size_t>((alignment - bytes % alignment) % alignment)});
    }

  private:
    bool Take(const Scalar& value) {
        switch (kind_) {
            case ShreddedKind::kBool:
                return value.kind == Kind::kBool && TakeInt(value.boolean ? 1 : 0);
            case ShreddedKind::kInt:
                return value.kind == Kind::kInt64 && TakeInt(value.int64);
            case ShreddedKind::kDouble:
                return TakeDouble(value);
            case ShreddedKind::kString:
                if (value.kind != Kind::kString || value.text.size() > kTextBytesMax) {
                    return false;
                }
                text_.append(value.text);
                return true;
        }
        return false;
    }
    bool TakeInt(int64_t value) {
        ints_.resize(rows_);
        ints_.push_back(value);
        return true;
    }
    // Integers of a size below 2^53 compare as doubles as they do as integers.
    bool TakeDouble(const Scalar& value) {
        const bool is_small =
            value.kind == Kind::kInt64 && value.int64 > -kExactMax && value.int64 < kExactMax;
        if (value.kind != Kind::kDouble && !is_small) {
            return false;
        }
        has_integers_ = has_integers_ || is_small;
        doubles_.resize(rows_);
        doubles_.push_back(value.AsDouble());
        return true;
    }

    bool Within(int64_t max) const {
        return std::all_of(ints_.begin(), ints_.end(),
                           [max](int64_t value) { return value >= -max && value <= max; });
    }
    uint8_t Width() const {
        switch (kind_) {
            case ShreddedKind::kBool:
                return 1;
            case ShreddedKind::kDouble:
                return 8;
            case ShreddedKind::kString:
                return 0;
            case ShreddedKind::kInt:
                break;
        }
        return Within(std::numeric_limits<int8_t>::max())    ? 1
               : Within(std::numeric_limits<int16_t>::max()) ? 2
               : Within(std::numeric_limits<int32_t>::max()) ? 4
                                                             : 8;
    }
    template <typename T>
    void WriteAs(codec::EnvelopeWriter* envelope) const {
        const std::vector<T> narrow(ints_.begin(), ints_.end());
        envelope->Append(BytesOf(narrow.data(), narrow.size() * sizeof(T)));
    }
    void WriteInts(uint8_t width, codec::EnvelopeWriter* envelope) const {
        switch (width) {
            case 1:
                return WriteAs<int8_t>(envelope);
            case 2:
                return WriteAs<int16_t>(envelope);
            case 4:
                return WriteAs<int32_t>(envelope);
            default:
                return WriteAs<int64_t>(envelope);
        }
    }

    const ShreddedKind kind_;
    size_t rows_ = 0;
    base::Bitmap typed_;
    base::Bitmap other_;
    std::vector<int64_t> ints_;
    std::vector<double> doubles_;
    std::string text_;
    std::vector<uint32_t> offsets_;
    bool has_integers_ = false;
};

// The chosen paths as a tree of keys, and the builder of each.
class Shredder {
  public:
    Shredder(ShreddedMeta* meta, codec::EnvelopeWriter* envelope)
        : meta_(meta), envelope_(envelope), nodes_(1) {
        for (size_t i = 0; i < meta->columns.size(); ++i) {
            size_t node = 0;
            for (const std::string& key : meta->columns[i].path) {
                node = ChildOf(node, key);
            }
            nodes_[node].builder = static_cast<int>(i);
            builders_.emplace_back(meta->columns[i].kind);
        }
    }

    void Add(const schema::ColumnView& piece) {
        for (size_t row = 0; row < piece.rows; ++row) {
            ++stamp_;
            if (piece.IsValid(row)) {
                AddDocument(piece.StringAt(row));
            }
            for (PieceBuilder& builder : builders_) {
                builder.EndRow();
            }
            if (++rows_ == kShreddedBlockRows) {
                Flush();
            }
        }
    }
    void Flush() {
        for (size_t i = 0; rows_ > 0 && i < builders_.size(); ++i) {
            const ShreddedPiece piece = builders_[i].Describe(written_);
            builders_[i].Write(piece, envelope_);
            const uint64_t bytes = LayoutOf(piece, rows_).end;
            PieceBuilder::Pad(bytes, 64, envelope_);
            written_ += (bytes + 63) / 64 * 64;
            meta_->columns[i].pieces.push_back(piece);
            builders_[i].Clear();
        }
        rows_ = 0;
    }

  private:
    struct Node {
        std::vector<std::pair<std::string, size_t>> children;
        int builder = -1;    // of the path that ends here; -1 = none
        uint64_t stamp = 0;  // of the row whose value was taken last
    };

    size_t ChildOf(size_t node, const std::string& key) {
        for (const auto& [name, child] : nodes_[node].children) {
            if (name == key) {
                return child;
            }
        }
        nodes_.emplace_back();
        nodes_[node].children.emplace_back(key, nodes_.size() - 1);
        return nodes_.size() - 1;
    }

    void AddDocument(std::string_view document) {
        if (IsObject(document)) {
            Walk(0, document);
        } else {
            MarkOther(0);  // an element of an array may be at the path
        }
    }
    // The depth of the recursion is that of the paths.
    void Walk(size_t node, std::string_view object) {
        json::ObjectCursor cursor(object);
        std::string_view key;
        Scalar value;
        while (cursor.Next(&key, &value)) {
            for (const auto& [name, child] : nodes_[node].children) {
                if (name == key && nodes_[child].stamp != stamp_) {
                    nodes_[child].stamp = stamp_;
                    Take(child, value);
                }
            }
        }
        if (!cursor.at_end()) {  // text that is no JSON: whatever a lookup makes of it
            for (const auto& [name, child] : nodes_[node].children) {
                if (nodes_[child].stamp != stamp_) {
                    MarkOther(child);
                }
            }
        }
    }
    void Take(size_t node, const Scalar& value) {
        if (value.kind == Kind::kMissing) {
            return MarkOther(node);
        }
        if (nodes_[node].builder >= 0) {
            builders_[static_cast<size_t>(nodes_[node].builder)].SetValue(value);
        }
        if (value.kind == Kind::kObject && !nodes_[node].children.empty()) {
            return Walk(node, value.text);
        }
        for (const auto& [name, child] : nodes_[node].children) {
            if (value.kind == Kind::kArray) {
                MarkOther(child);
            }
        }
    }
    void MarkOther(size_t node) {
        nodes_[node].stamp = stamp_;
        if (nodes_[node].builder >= 0) {
            builders_[static_cast<size_t>(nodes_[node].builder)].SetOther();
        }
        for (const auto& [name, child] : nodes_[node].children) {
            MarkOther(child);
        }
    }

    ShreddedMeta* const meta_;
    codec::EnvelopeWriter* const envelope_;
    std::vector<Node> nodes_;  // the first is the document
    std::vector<PieceBuilder> builders_;
    uint64_t stamp_ = 0;
    size_t rows_ = 0;  // of the block
    uint64_t written_ = 0;
};

}  // namespace

void WriteShredded(const ColumnPieces& column, uint64_t rows, codec::EnvelopeWriter* envelope) {
    if (rows < kRowsMin) {
        return;
    }
    Sampler sampler(rows);
    column.visit([&](const schema::ColumnView& piece, const float*) { sampler.Add(piece); });
    ShreddedMeta meta{sampler.Choose()};
    if (meta.columns.empty()) {
        return;
    }
    envelope->BeginSection(PartSection(column.field_id, 0, ColumnPart::kShreddedData));
    Shredder shredder(&meta, envelope);
    column.visit([&](const schema::ColumnView& piece, const float*) { shredder.Add(piece); });
    shredder.Flush();
    envelope->EndSection();
    envelope->AddSection(PartSection(column.field_id, 0, ColumnPart::kShreddedMeta),
                         base::Encode(meta));
}

}  // namespace elanus::segment
