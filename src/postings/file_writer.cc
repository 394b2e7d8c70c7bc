#include "postings/file_writer.h"

#include "codec/envelope.h"
#include "postings/layout.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <limits>
#include <numeric>
#include <optional>

namespace elanus::postings {
namespace {

constexpr uint64_t kRangeOccurrences = uint64_t{1} << 24;
constexpr uint64_t kWorkPerCheck = uint64_t{1} << 16;
constexpr size_t kCodesMax = 65536;
// Usual parameters; what bounds are thinned out by, which are right for any.
constexpr float kUsualK1 = 1.2f;
constexpr float kUsualB = 0.75f;
// Terms of few documents are left out of the ordering, as those of many: neither moves anything.
constexpr uint32_t kOrderShareMin = 4096;
constexpr uint32_t kOrderDocumentsMin = 4;
constexpr uint32_t kOrderShareMax = 3;
// A document of more terms is represented by the first of them.
constexpr size_t kOrderTermsMax = 4096;

}  // namespace

base::Status FileWriter::Write(codec::Sink& sink) {
    if (in_.documents() > kDocumentsMax) {
        return base::InvalidParameter("postings: too many documents for one index");
    }
    RETURN_IF_ERROR(SortTerms());
    RETURN_IF_ERROR(CountTerms());
    RETURN_IF_ERROR(OrderDocuments());
    CodeLengths();
    std::vector<Range> ranges = Ranges();
    RETURN_IF_ERROR(InvertAll(&ranges));
    return Save(ranges, sink);
}

// Renames the terms of all documents to their places in the order of keys.
base::Status FileWriter::SortTerms() {
    sorted_.resize(in_.keys_.size());
    std::iota(sorted_.begin(), sorted_.end(), 0u);
    std::sort(sorted_.begin(), sorted_.end(),
              [&](uint32_t a, uint32_t b) { return in_.keys_.Key(a) < in_.keys_.Key(b); });
    RETURN_IF_ERROR(Interrupted());
    std::vector<uint32_t> place(sorted_.size());
    for (uint32_t i = 0; i < sorted_.size(); ++i) {
        place[sorted_[i]] = i;
    }
    for (uint32_t& term : in_.terms_) {
        term = place[term];
    }
    return Interrupted();
}

base::Status FileWriter::CountTerms() {
    documents_.assign(sorted_.size(), 0);
    entries_.assign(sorted_.size(), 0);
    occurrences_.assign(sorted_.size(), 0);
    std::vector<uint32_t> last(sorted_.size(), std::numeric_limits<uint32_t>::max());
    for (uint32_t document = 0; document < in_.documents(); ++document) {
        if (document % kWorkPerCheck == 0) {
            RETURN_IF_ERROR(Interrupted());
        }
        for (uint64_t i = in_.starts_[document]; i < in_.starts_[document + 1]; ++i) {
            const uint32_t term = in_.terms_[i];
            ++entries_[term];
            occurrences_[term] += in_.counted_ ? in_.extras_[i] : 1;
            documents_[term] += last[term] != document ? 1 : 0;
            last[term] = document;
        }
    }
    for (const uint64_t occurrences : occurrences_) {
        if (occurrences > std::numeric_limits<uint32_t>::max()) {
            return base::InvalidParameter("postings: a term occurs more than 2^32 times");
        }
    }
    return base::Status();
}

TermsOfDocuments FileWriter::TermsForOrder() const {
    const uint32_t least = std::max(kOrderDocumentsMin, in_.documents() / kOrderShareMin);
    const uint32_t most = in_.documents() / kOrderShareMax;
    constexpr uint32_t kDropped = std::numeric_limits<uint32_t>::max();
    TermsOfDocuments out;
    std::vector<uint32_t> renamed(sorted_.size(), kDropped);
    for (size_t term = 0; term < sorted_.size(); ++term) {
        if (documents_[term] >= least && documents_[term] <= most) {
            renamed[term] = out.term_count++;
        }
    }
    std::vector<uint32_t> last(out.term_count, kDropped);
    out.starts.push_back(0);
    for (uint32_t document = 0; document < in_.documents(); ++document) {
        out.documents.push_back(document);
        for (uint64_t i = in_.starts_[document]; i < in_.starts_[document + 1]; ++i) {
            const uint32_t term = renamed[in_.terms_[i]];
            if (term != kDropped && last[term] != document &&
                out.terms.size() - out.starts.back() < kOrderTermsMax) {
                last[term] = document;
                out.terms.push_back(term);
            }
        }
        out.starts.push_back(out.terms.size());
    }
    return out;
}

base::Status FileWriter::OrderDocuments() {
    order_.resize(in_.documents());
    std::iota(order_.begin(), order_.end(), 0u);
    if (in_.options_.reorder) {
        ASSIGN_OR_RETURN(
            order_, DocumentOrder(TermsForOrder(), in_.options_.executor, in_.options_.interrupt));
    }
    reordered_ = !std::is_sorted(order_.begin(), order_.end());
    return base::Status();
}

void FileWriter::CodeLengths() {
    lengths_ = in_.lengths_;
    std::sort(lengths_.begin(), lengths_.end());
    lengths_.erase(std::unique(lengths_.begin(), lengths_.end()), lengths_.end());
    if (lengths_.size() > kCodesMax) {
        // More than a code can tell apart: the longest ones are rounded down to some of them.
        std::vector<uint32_t> kept(lengths_.begin(), lengths_.begin() + kCodesMax / 2);
        const size_t rest = lengths_.size() - kept.size();
        for (size_t i = 0; i < kCodesMax / 2; ++i) {
            kept.push_back(lengths_[kCodesMax / 2 + i * rest / (kCodesMax / 2)]);
        }
        lengths_.swap(kept);
    }
    length_sum_ = std::accumulate(in_.lengths_.begin(), in_.lengths_.end(), uint64_t{0});
    std::vector<uint64_t> of_code(lengths_.size());
    codes_.resize(order_.size());
    for (size_t document = 0; document < order_.size(); ++document) {
        const auto behind =
            std::upper_bound(lengths_.begin(), lengths_.end(), in_.lengths_[order_[document]]);
        codes_[document] = static_cast<uint16_t>(behind - lengths_.begin() - 1);
        ++of_code[codes_[document]];
    }
    // Few lengths are a class each; many are cut where the documents are.
    std::vector<uint8_t> class_of(lengths_.size());
    uint64_t before = 0;
    for (uint32_t code = 0; code < lengths_.size(); ++code) {
        const uint64_t wanted = lengths_.size() <= kClasses
                                    ? code
                                    : before * (kClasses - 1) / std::max<size_t>(order_.size(), 1);
        if (class_starts_.empty() || wanted >= class_starts_.size()) {
            class_starts_.push_back(code);
        }
        class_of[code] = static_cast<uint8_t>(class_starts_.size() - 1);
        before += of_code[code];
    }
    class_starts_.resize(kClasses, class_starts_.empty() ? 0 : class_starts_.back());
    classes_.resize(order_.size());
    std::transform(codes_.begin(), codes_.end(), classes_.begin(),
                   [&](uint16_t code) { return class_of[code]; });
    const float average =
        order_.empty()
            ? 1
            : std::max(1.0f, static_cast<float>(length_sum_) / static_cast<float>(order_.size()));
    for (const uint32_t code : class_starts_) {
        const float length = lengths_.empty() ? 1 : static_cast<float>(lengths_[code]);
        class_norms_.push_back(kUsualK1 * (1 - kUsualB + kUsualB * length / average));
    }
}

std::vector<FileWriter::Range> FileWriter::Ranges() const {
    std::vector<Range> ranges(1);
    for (uint32_t term = 0; term < sorted_.size(); ++term) {
        if (ranges.back().occurrences >= kRangeOccurrences) {
            ranges.emplace_back().begin = term;
        }
        ranges.back().end = term + 1;
        ranges.back().occurrences += entries_[term];
    }
    return ranges;
}

base::Status FileWriter::InvertAll(std::vector<Range>* ranges) const {
    if (in_.options_.executor == nullptr) {
        for (Range& range : *ranges) {
            RETURN_IF_ERROR(Invert(&range));
        }
        return base::Status();
    }
    std::vector<base::Status> statuses(ranges->size());
    in_.options_.executor->ParallelFor(ranges->size(),
                                       [&](size_t i) { statuses[i] = Invert(&(*ranges)[i]); });
    for (const base::Status& status : statuses) {
        RETURN_IF_ERROR(status);
    }
    return base::Status();
}

// Goes through all documents and puts each occurrence of the range's terms where its term's are.
base::Status FileWriter::Invert(Range* range) const {
    const uint32_t width = range->end - range->begin;
    std::vector<uint64_t> next(width + 1, 0);
    for (uint32_t i = 0; i < width; ++i) {
        next[i + 1] = next[i] + entries_[range->begin + i];
    }
    std::vector<uint32_t> documents(next.back()), extras(next.back());
    for (uint32_t document = 0; document < order_.size(); ++document) {
        if (document % kWorkPerCheck == 0) {
            RETURN_IF_ERROR(Interrupted());
        }
        const uint64_t begin = in_.starts_[order_[document]];
        const uint64_t end = in_.starts_[order_[document] + 1];
        for (uint64_t i = begin; i < end; ++i) {
            const uint32_t term = in_.terms_[i] - range->begin;
            if (term < width) {
                documents[next[term]] = document;
                extras[next[term]++] =
                    in_.extras_.empty() ? static_cast<uint32_t>(i - begin) : in_.extras_[i];
            }
        }
    }
    uint64_t begin = 0;
    for (uint32_t i = 0; i < width; ++i) {
        const uint64_t n = next[i] - begin;
        WriteList(documents_[range->begin + i], std::span(documents).subspan(begin, n),
                  std::span(extras).subspan(begin, n), range);
        begin = next[i];
        if (i % 1024 == 0) {
            RETURN_IF_ERROR(Interrupted());
        }
    }
    return base::Status();
}

// `docs` has an entry for each occurrence; they become one for each document, in place.
void FileWriter::WriteList(uint32_t documents, std::span<uint32_t> docs,
                           std::span<const uint32_t> extra, Range* out) const {
    const LengthClasses classes{classes_, class_norms_};
    if (in_.counted_) {
        out->terms.push_back(AppendList({docs, extra, {}}, classes, &out->lists, &out->positions));
        return;
    }
    std::vector<uint32_t> counts;
    counts.reserve(documents);
    size_t n = 0;
    for (const uint32_t document : docs) {
        if (n == 0 || docs[n - 1] != document) {
            docs[n++] = document;
            counts.push_back(1);
        } else {
            ++counts.back();
        }
    }
    const std::span<const uint32_t> positions =
        in_.options_.positions ? extra : std::span<const uint32_t>();
    out->terms.push_back(
        AppendList({docs.first(n), counts, positions}, classes, &out->lists, &out->positions));
}

namespace {

std::string PackedOrder(std::span<const uint32_t> order, uint32_t bits) {
    std::vector<uint64_t> words(order.size() * bits / 64 + 1);
    for (size_t i = 0; i < order.size(); ++i) {
        const size_t bit = i * bits;
        words[bit / 64] |= uint64_t{order[i]} << (bit % 64);
        if (bit % 64 + bits > 64) {
            words[bit / 64 + 1] |= uint64_t{order[i]} >> (64 - bit % 64);
        }
    }
    return std::string(reinterpret_cast<const char*>(words.data()), words.size() * 8);
}

}  // namespace

base::Status FileWriter::Save(const std::vector<Range>& ranges, codec::Sink& sink) {
    TermDictionaryWriter terms(in_.options_.positions);
    uint64_t lists = 0, positions = 0;
    for (const Range& range : ranges) {
        for (size_t i = 0; i < range.terms.size(); ++i) {
            Term term = range.terms[i];
            term.list_offset += lists;
            term.positions_offset += positions;
            terms.Add(in_.keys_.Key(sorted_[range.begin + i]), term);
        }
        lists += range.lists.size();
        positions += range.positions.size();
    }
    Meta meta{};
    meta.flags = in_.options_.positions ? kFlagPositions : 0;
    meta.documents = in_.documents();
    meta.lengths = static_cast<uint32_t>(lengths_.size());
    meta.order_bits = reordered_ ? static_cast<uint32_t>(std::bit_width(meta.documents)) : 0;
    meta.length_sum = length_sum_;
    meta.terms = sorted_.size();
    meta.tag = in_.options_.tag;
    meta.empty =
        static_cast<uint32_t>(std::count(in_.lengths_.begin(), in_.lengths_.end(), uint32_t{0}));
    meta.occurrences = std::accumulate(occurrences_.begin(), occurrences_.end(), uint64_t{0});
    const std::string slack(kSlack, '\0');
    codec::EnvelopeWriter writer(sink, kFormat, kVersion);
    writer.AddArray<Meta>(kMetaSection, {&meta, 1});
    if (reordered_) {
        writer.AddSection(kOrderSection, PackedOrder(order_, meta.order_bits) + slack);
    }
    writer.AddArray<uint32_t>(kLengthsSection, lengths_);
    writer.BeginSection(kCodesSection);
    if (lengths_.size() <= 256) {
        writer.Append(std::string(codes_.begin(), codes_.end()));
    } else {
        writer.Append({reinterpret_cast<const char*>(codes_.data()), codes_.size() * 2});
    }
    writer.Append(slack);
    writer.EndSection();
    writer.AddArray<uint32_t>(kClassesSection, class_starts_);
    writer.AddSection(kTermsSection, terms.bytes());
    writer.AddArray<uint64_t>(kTermPlacesSection, terms.places());
    writer.BeginSection(kListsSection);
    for (const Range& range : ranges) {
        writer.Append(range.lists);
    }
    writer.Append(slack);
    writer.EndSection();
    if (in_.options_.positions) {
        writer.BeginSection(kPositionsSection);
        for (const Range& range : ranges) {
            writer.Append(range.positions);
        }
        writer.Append(slack);
        writer.EndSection();
    }
    return writer.Finish();
}

}  // namespace elanus::postings
