#include "postings/index.h"

#include <atomic>
#include <bit>
#include <cstring>

namespace elanus::postings {
namespace {

uint64_t NextId() {
    static std::atomic<uint64_t> last{0};
    return ++last;
}

// The norms of the lengths that a thread looked at last.
struct NormTables {
    uint64_t index = 0;
    Bm25 scoring;
    std::vector<float> by_code;
    std::vector<float> by_class;
};

}  // namespace

base::Status CheckOptions(const SearchOptions& options) {
    const Bm25& scoring = options.scoring;
    const bool good = options.k > 0 && scoring.k1 >= 0 && scoring.k1 <= 1e6f && scoring.b >= 0 &&
                      scoring.b <= 1 && scoring.average_length > 0;
    return good ? base::Status()
                : base::InvalidParameter(
                      "full text search: k, k1, b or the average length is out "
                      "of range");
}

base::Result<std::shared_ptr<const Index>> Index::Open(base::Buffer file) {
    const std::shared_ptr<Index> index(new Index());
    ASSIGN_OR_RETURN(index->reader_,
                     codec::EnvelopeReader::Open(std::move(file), kFormat, kVersion));
    RETURN_IF_ERROR(index->OpenSections());
    index->id_ = NextId();
    index->kernels_ = &simd::Postings();
    return std::shared_ptr<const Index>(index);
}

base::Status Index::OpenSections() {
    ASSIGN_OR_RETURN(const base::Buffer meta, reader_.Array<Meta>(kMetaSection, 1));
    std::memcpy(&meta_, meta.data(), sizeof meta_);
    const auto rows = uint64_t{meta_.documents};
    if ((meta_.flags & ~kFlagPositions) != 0 || rows > kDocumentsMax || meta_.order_bits > 32 ||
        meta_.lengths > 65536 || meta_.lengths > rows || (rows > 0 && meta_.lengths == 0) ||
        meta_.terms > uint64_t{1} << 32 || meta_.length_sum >= uint64_t{1} << 63) {
        return Damaged("bad description");
    }
    if (meta_.order_bits > 0) {
        const uint64_t words = rows * meta_.order_bits / 64 + 1;
        ASSIGN_OR_RETURN(order_, reader_.Array<char>(kOrderSection, words * 8 + kSlack));
        row_mask_ = (uint64_t{1} << meta_.order_bits) - 1;
    }
    ASSIGN_OR_RETURN(lengths_, reader_.Array<uint32_t>(kLengthsSection, meta_.lengths));
    const uint64_t code_bytes = meta_.lengths <= 256 ? 1 : 2;
    ASSIGN_OR_RETURN(codes_, reader_.Array<char>(kCodesSection, rows * code_bytes + kSlack));
    ASSIGN_OR_RETURN(classes_, reader_.Array<uint32_t>(kClassesSection, kClasses));
    ASSIGN_OR_RETURN(base::Buffer terms, reader_.Section(kTermsSection));
    ASSIGN_OR_RETURN(base::Buffer places, reader_.Section(kTermPlacesSection));
    sections_.documents = meta_.documents;
    sections_.has_positions = (meta_.flags & kFlagPositions) != 0;
    ASSIGN_OR_RETURN(dictionary_, TermDictionary::Open(std::move(terms), std::move(places),
                                                       meta_.terms, sections_.has_positions));
    ASSIGN_OR_RETURN(sections_.lists, reader_.Section(kListsSection));
    if (sections_.has_positions) {
        ASSIGN_OR_RETURN(sections_.positions, reader_.Section(kPositionsSection));
    }
    return base::Status();
}

simd::PartTable Index::PartsFor(const Bm25& scoring) const {
    static thread_local NormTables tables;
    const auto same = [&] {
        return tables.index == id_ && tables.scoring.k1 == scoring.k1 &&
               tables.scoring.b == scoring.b &&
               tables.scoring.average_length == scoring.average_length;
    };
    if (!same()) {
        const auto lengths = lengths_.As<uint32_t>();
        // As many as there are codes, so that a damaged one finds a norm too.
        tables.by_code.assign(meta_.lengths <= 256 ? 256 : 65536, 0);
        for (size_t code = 0; code < lengths.size(); ++code) {
            const float share = static_cast<float>(lengths[code]) / scoring.average_length;
            tables.by_code[code] = scoring.k1 * (1 - scoring.b + scoring.b * share);
        }
        tables.by_class.resize(kClasses);
        for (size_t i = 0; i < kClasses; ++i) {
            tables.by_class[i] = tables.by_code[classes_.As<uint32_t>()[i] % tables.by_code.size()];
        }
        tables.index = id_;
        tables.scoring = scoring;
    }
    return {.norms = tables.by_code.data(),
            .codes = codes_.data(),
            .code_bytes = meta_.lengths <= 256 ? 1u : 2u,
            .class_norms = tables.by_class.data(),
            .weight = 0};
}

base::Status Index::VerifyTerm(const Term& term, std::vector<uint32_t>* positions) const {
    BlockList list;
    if (!list.Open(sections_, *kernels_, term)) {
        return Damaged("a list is damaged");
    }
    uint64_t occurrences = 0;
    for (uint32_t block = 0; block < list.blocks(); ++block) {
        list.ReadDocuments(block);
        list.ReadCounts(block);
        for (uint32_t i = 0; i < list.size(); ++i) {
            const uint32_t count = list.CountAt(block, i);
            occurrences += count;
            if (sections_.has_positions) {
                list.ReadPositions(block, i, positions);
                if (positions->size() != count) {
                    return Damaged("positions are damaged");
                }
            }
        }
        if (list.damaged() || list.size() == 0 ||
            list.docs()[list.size() - 1] != list.Last(block)) {
            return Damaged("a list is damaged");
        }
    }
    return occurrences == term.occurrences ? base::Status()
                                           : Damaged("a list has other counts than its term");
}

base::Status Index::Verify() const {
    RETURN_IF_ERROR(reader_.VerifyAll());
    std::string last;
    uint64_t terms = 0, occurrences = 0;
    std::vector<uint32_t> positions;
    RETURN_IF_ERROR(dictionary_.ForEach([&](std::string_view key, const Term& term) {
        if (terms++ > 0 && key <= last) {
            return Damaged("terms are not in order");
        }
        last.assign(key);
        occurrences += term.occurrences;
        return VerifyTerm(term, &positions);
    }));
    if (terms != meta_.terms || occurrences != meta_.occurrences) {
        return Damaged("other terms than described");
    }
    base::Bitmap rows(documents());
    for (uint32_t document = 0; document < documents(); ++document) {
        rows.Set(RowOf(document));
    }
    return rows.All() ? base::Status() : Damaged("the order names a row twice");
}

}  // namespace elanus::postings
