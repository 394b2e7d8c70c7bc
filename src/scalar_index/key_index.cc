#include "scalar_index/key_index.h"

#include "scalar_index/grams.h"
#include "scalar_index/json_terms.h"

#include <algorithm>
#include <numeric>
#include <type_traits>

namespace elanus::scalar_index {

namespace {

using base::Bitmap;
using base::Status;
using expr::ColumnRef;
using expr::CompareOp;
using expr::Plan;

// What a single leaf looks at; null when the node is no such leaf.
const ColumnRef* ColumnOf(const Plan& plan) {
    return std::visit(
        [](const auto& node) -> const ColumnRef* {
            if constexpr (requires { node.column; }) {
                return &node.column;
            } else {
                return nullptr;
            }
        },
        plan.node);
}

bool IsUnequal(const Plan& leaf) {
    if (const auto* compare = std::get_if<expr::Compare>(&leaf.node)) {
        return compare->op == CompareOp::kNe;
    }
    const auto* arithmetic = std::get_if<expr::ArithmeticCompare>(&leaf.node);
    return arithmetic != nullptr && arithmetic->op == CompareOp::kNe;
}

// A leaf on the value at a JSON path that may be a number.
bool MayCompareNumbers(const Plan& leaf) {
    return std::holds_alternative<expr::Compare>(leaf.node) ||
           std::holds_alternative<expr::Range>(leaf.node) ||
           std::holds_alternative<expr::In>(leaf.node) ||
           std::holds_alternative<expr::ArithmeticCompare>(leaf.node);
}

bool AreSameText(schema::DataType a, schema::DataType b) {
    return schema::IsStringLike(a) && schema::IsStringLike(b);
}

void AddWords(const base::Buffer& set, Bitmap* out) {
    const auto words = set.As<uint64_t>();
    for (size_t w = 0; w < words.size(); ++w) {
        out->words()[w] |= words[w];
    }
    out->ClearTail();
}

bool IsWellFormed(const Meta& meta) {
    return meta.subject <= static_cast<uint32_t>(Subject::kJsonTree) &&
           meta.layout <= static_cast<uint32_t>(ListLayout::kPacked) && meta.keys < UINT32_MAX &&
           meta.entries <= UINT32_MAX && meta.keys <= meta.entries && meta.odd_rows <= meta.rows;
}

constexpr uint64_t kSearchedListMax = 512;
// A walk over keys pays when the rows are this many times the keys.
constexpr uint64_t kRowsPerWalkedKey = 2;

uint64_t LengthOf(const expr::In& leaf) {
    return leaf.values.ints.size() + leaf.values.doubles.size() + leaf.values.strings.size() + 2;
}

template <typename T>
void KeepEnds(std::vector<T>* values) {
    if (values->size() > 2) {
        values->erase(values->begin() + 1, values->end() - 1);
    }
}

// Whether a group that only narrows the answer costs less than looking at the rows left.
bool IsWorthReading(uint64_t reads, uint64_t rows_left) {
    constexpr uint64_t kReadsPerRow = 16;
    return reads / kReadsPerRow <= rows_left;
}

template <typename T>
constexpr bool kIsFixed = requires(const T& keys) { keys.span(); };

}  // namespace

base::Result<std::shared_ptr<const Index>> KeyIndex::Open(codec::EnvelopeReader reader,
                                                          const Meta& meta) {
    if (!IsWellFormed(meta)) {
        return DamagedIndex("impossible description");
    }
    std::shared_ptr<KeyIndex> index(new KeyIndex(std::move(reader), meta));
    RETURN_IF_ERROR(index->OpenKeys());
    RETURN_IF_ERROR(index->OpenJson());
    ASSIGN_OR_RETURN(index->lists_, RowLists::Open(index->reader_, meta));
    RETURN_IF_ERROR(index->OpenRowSet(kExistsSection, &index->exists_));
    RETURN_IF_ERROR(index->OpenRowSet(kOddRowsSection, &index->odd_));
    if ((meta.odd_rows > 0) != !index->odd_.empty()) {
        return DamagedIndex("odd rows are missing");
    }
    return std::shared_ptr<const Index>(std::move(index));
}

Status KeyIndex::OpenKeys() {
    const auto type = static_cast<KeyType>(meta_.key_type);
    const bool is_tree = subject() == Subject::kJsonTree;
    const bool is_ngram = kind() == Kind::kNgram;
    if (type > KeyType::kText || ((is_tree || is_ngram) && type != KeyType::kText) ||
        (is_ngram && (meta_.gram_min == 0 || meta_.gram_min > meta_.gram_max))) {
        return DamagedIndex("keys of a type that does not fit");
    }
    if (type == KeyType::kText) {
        ASSIGN_OR_RETURN(Terms terms, Terms::Open(reader_, meta_.keys));
        keys_.emplace<Terms>(std::move(terms));
        return Status();
    }
    const auto map = [&]<typename T>(T) -> Status {
        ASSIGN_OR_RETURN(base::Buffer bytes, reader_.Array<T>(kKeysSection, meta_.keys));
        keys_.emplace<FixedKeys<T>>(std::move(bytes));
        return Status();
    };
    switch (type) {
        case KeyType::kInt8:
            return map(int8_t{});
        case KeyType::kInt16:
            return map(int16_t{});
        case KeyType::kInt32:
            return map(int32_t{});
        case KeyType::kInt64:
            return map(int64_t{});
        case KeyType::kFloat:
            return map(float{});
        default:
            return map(double{});
    }
}

Status KeyIndex::OpenJson() {
    if (subject() == Subject::kColumn || subject() == Subject::kArray) {
        return Status();
    }
    const auto type = static_cast<KeyType>(meta_.key_type);
    if (type != KeyType::kInt8 && type != KeyType::kDouble && type != KeyType::kText) {
        return DamagedIndex("keys of a type that no JSON value has");
    }
    ASSIGN_OR_RETURN(const base::Buffer pointer, reader_.Section(kPathSection));
    const auto path = json::Path::FromPointer(pointer.view());
    if (!path.ok()) {
        return DamagedIndex("the JSON path does not parse");
    }
    for (const json::Path::Step& step : path->steps()) {
        path_.push_back(step.key);
    }
    return Status();
}

Status KeyIndex::OpenRowSet(codec::SectionId section, base::Buffer* words) const {
    if (!reader_.Has(section)) {
        return Status();
    }
    ASSIGN_OR_RETURN(*words, reader_.Array<uint64_t>(section, (meta_.rows + 63) / 64));
    return Status();
}

bool KeyIndex::IsOfColumn(const ColumnRef& column) const {
    const auto type = static_cast<schema::DataType>(meta_.data_type);
    const auto element = static_cast<schema::DataType>(meta_.element_type);
    if (column.field_id != meta_.field_id ||
        (column.type != type && !AreSameText(column.type, type))) {
        return false;
    }
    return subject() != Subject::kArray || column.element_type == element;
}

KeyIndex::MaybeSelection KeyIndex::Select(const Plan& leaf, const WalkRule& walk) const {
    const ColumnRef* column = ColumnOf(leaf);
    if (column == nullptr || !IsOfColumn(*column)) {
        return std::optional<Selection>();
    }
    const bool is_json = subject() == Subject::kJsonValue || subject() == Subject::kJsonArray;
    if (is_json && column->json_path != path_) {
        return std::optional<Selection>();
    }
    if (is_json && std::holds_alternative<expr::Exists>(leaf.node) && !exists_.empty()) {
        Selection selection;
        selection.exists = true;
        return std::optional<Selection>(std::move(selection));
    }
    // Keys made by the other rule for texts that are numbers would say something else.
    const bool has_text_numbers = (meta_.flags & kFlagTextNumbers) != 0;
    if (column->text_numbers != has_text_numbers && MayCompareNumbers(leaf)) {
        return std::optional<Selection>();
    }
    if (kind() == Kind::kNgram) {
        return SelectGrams(leaf);
    }
    switch (subject()) {
        case Subject::kColumn:
            return column->is_element() || std::holds_alternative<expr::Contains>(leaf.node)
                       ? std::optional<Selection>()
                       : SelectKeys(leaf, walk);
        case Subject::kArray:
            return SelectElements(leaf, *column, walk);
        case Subject::kJsonTree:
            return SelectTree(leaf, *column, walk);
        default:
            return SelectPath(leaf, walk);
    }
}

// By the rules of columns, which know no other types than the keys'.
KeyIndex::MaybeSelection KeyIndex::SelectKeys(const Plan& leaf, const WalkRule& walk) const {
    return std::visit(
        [&]<typename Keys>(const Keys& keys) -> MaybeSelection {
            if constexpr (kIsFixed<Keys>) {
                return SelectColumn<typename Keys::W>(leaf, keys, walk);
            } else if constexpr (std::is_same_v<Keys, Terms>) {
                ASSIGN_OR_RETURN(const auto slice, TermSlice<std::string_view>::Of(keys, ""));
                return SelectColumn<std::string_view>(leaf, slice, walk);
            } else {
                return std::optional<Selection>();
            }
        },
        keys_);
}

// A leaf on one element is true only of rows that have such an element somewhere.
KeyIndex::MaybeSelection KeyIndex::SelectElements(const Plan& leaf, const ColumnRef& column,
                                                  const WalkRule& walk) const {
    const bool is_contains = std::holds_alternative<expr::Contains>(leaf.node);
    if (column.is_element() ? is_contains || IsUnequal(leaf) : !is_contains) {
        return std::optional<Selection>();
    }
    ASSIGN_OR_RETURN(std::optional<Selection> selection, SelectKeys(leaf, walk));
    if (selection.has_value() && column.is_element()) {
        selection->exact = false;
    }
    return selection;
}

KeyIndex::MaybeSelection KeyIndex::SelectPath(const Plan& leaf, const WalkRule& walk) const {
    std::optional<TermSlice<std::string_view>> strings;
    JsonKeys keys;
    keys.booleans = std::get_if<FixedKeys<int8_t>>(&keys_);
    keys.numbers = std::get_if<FixedKeys<double>>(&keys_);
    keys.text_numbers = (meta_.flags & kFlagTextNumbers) != 0;
    if (const Terms* terms = std::get_if<Terms>(&keys_)) {
        ASSIGN_OR_RETURN(strings, TermSlice<std::string_view>::Of(*terms, ""));
        keys.strings = &*strings;
    }
    if (subject() == Subject::kJsonValue) {
        return SelectJsonValue(leaf, keys, walk);
    }
    const auto* contains = std::get_if<expr::Contains>(&leaf.node);
    return contains == nullptr ? std::optional<Selection>() : SelectJsonElements(*contains, keys);
}

KeyIndex::MaybeSelection KeyIndex::SelectTree(const Plan& leaf, const ColumnRef& column,
                                              const WalkRule& walk) const {
    const auto& path = column.json_path;
    if (path.size() < path_.size() || path.size() > path_.size() + kJsonDepthMax ||
        !std::equal(path_.begin(), path_.end(), path.begin())) {
        return std::optional<Selection>();
    }
    const Terms& terms = std::get<Terms>(keys_);
    const auto prefix = [&](char tag) { return JsonTermPrefix(path, path_.size(), tag); };
    if (std::holds_alternative<expr::Exists>(leaf.node)) {
        ASSIGN_OR_RETURN(const auto paths,
                         TermSlice<std::string_view>::Of(terms, prefix(kTagExists)));
        return std::optional<Selection>(Selection::Of(paths.span()));
    }
    const auto* contains = std::get_if<expr::Contains>(&leaf.node);
    const bool elements = contains != nullptr;
    ASSIGN_OR_RETURN(
        const auto numbers,
        TermSlice<double>::Of(terms, prefix(elements ? kTagElementNumber : kTagNumber)));
    ASSIGN_OR_RETURN(
        const auto strings,
        TermSlice<std::string_view>::Of(terms, prefix(elements ? kTagElementString : kTagString)));
    ASSIGN_OR_RETURN(const auto booleans,
                     TermSlice<int64_t>::Of(terms, prefix(elements ? kTagElementBool : kTagBool)));
    const JsonKeys keys{&numbers, &strings, &booleans};
    return elements ? SelectJsonElements(*contains, keys) : SelectJsonValue(leaf, keys, walk);
}

KeyIndex::MaybeSelection KeyIndex::SelectGrams(const Plan& leaf) const {
    std::vector<std::string> grams;
    const GramSizes sizes{meta_.gram_min, meta_.gram_max};
    if (const auto* like = std::get_if<expr::Like>(&leaf.node)) {
        grams = GramsOfLike(like->kind, like->text, sizes);
    } else if (const auto* compare = std::get_if<expr::Compare>(&leaf.node)) {
        const std::string* text = compare->value.string_if();
        if (text != nullptr && compare->op == CompareOp::kEq) {
            grams = GramsOfLike(expr::LikeKind::kEqual, *text, sizes);
        }
    }
    if (grams.empty()) {
        return std::optional<Selection>();
    }
    Selection selection;
    selection.exact = false;
    ASSIGN_OR_RETURN(const auto keys, TermSlice<std::string_view>::Of(std::get<Terms>(keys_), ""));
    for (const std::string& gram : grams) {
        RETURN_IF_ERROR(AddEqual(keys, std::string_view(gram), &selection.groups.emplace_back()));
    }
    return std::optional<Selection>(std::move(selection));
}

base::Result<std::vector<KeyIndex::Weight>> KeyIndex::Weigh(const Selection& selection) const {
    std::vector<Weight> weights;
    for (const std::vector<KeySpan>& group : selection.groups) {
        Weight weight;
        for (const KeySpan& span : group) {
            ASSIGN_OR_RETURN(const uint64_t entries, lists_.Entries(span));
            weight.entries += entries;
            weight.reads += lists_.Reads(span, entries);
        }
        weights.push_back(weight);
    }
    return weights;
}

std::vector<size_t> KeyIndex::LightestFirst(const std::vector<Weight>& weights) {
    std::vector<size_t> order(weights.size());
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(),
              [&](size_t a, size_t b) { return weights[a].entries < weights[b].entries; });
    return order;
}

// A long list is not searched for. Whether it can be answered, and exactly, its ends tell: they
// have the greatest integers of either sign.
std::optional<LeafEstimate> KeyIndex::EstimateLongList(const expr::In& leaf) const {
    expr::In ends{.column = leaf.column, .values = leaf.values};
    KeepEnds(&ends.values.ints);
    KeepEnds(&ends.values.doubles);
    KeepEnds(&ends.values.strings);
    Plan plan;
    plan.node = std::move(ends);
    std::optional<LeafEstimate> estimate = Estimate(plan);
    if (estimate.has_value()) {
        const uint64_t bound = std::min(LengthOf(leaf) * meta_.list_rows_max, meta_.entries);
        estimate->rows = std::min(bound + meta_.odd_rows, meta_.rows);
        estimate->reads = bound;
    }
    return estimate;
}

std::optional<LeafEstimate> KeyIndex::Estimate(const Plan& leaf) const {
    const auto* in = std::get_if<expr::In>(&leaf.node);
    if (in != nullptr && LengthOf(*in) > kSearchedListMax) {
        return EstimateLongList(*in);
    }
    const auto selection = Select(leaf, {meta_.rows / kRowsPerWalkedKey, true});
    if (!selection.ok() || !selection->has_value()) {
        return std::nullopt;
    }
    const Selection& found = **selection;
    const auto weights = Weigh(found);
    if (!weights.ok()) {
        return std::nullopt;
    }
    const std::vector<size_t> order = LightestFirst(*weights);
    const uint64_t least =
        order.empty() ? meta_.rows : std::min((*weights)[order[0]].entries, meta_.rows);
    LeafEstimate estimate;
    estimate.exact = found.exact && meta_.odd_rows == 0;
    estimate.reads = found.keys_walked + (found.exists ? exists_.size() / sizeof(uint64_t) : 0);
    for (const size_t g : order) {
        if (g != order[0] && !found.exact && !IsWorthReading((*weights)[g].reads, least)) {
            break;
        }
        // How many of walked keys will do is not known; a quarter is a guess.
        estimate.reads += (*weights)[g].reads / (found.keys_walked > 0 ? 4 : 1);
    }
    // The lists of one key hold no row twice.
    const bool is_one_key =
        found.groups.size() == 1 && found.groups[0].size() <= 1 &&
        (found.groups[0].empty() || found.groups[0][0].end - found.groups[0][0].begin == 1);
    estimate.rows = !found.flip ? least : (is_one_key ? meta_.rows - least : meta_.rows);
    estimate.rows = std::min(estimate.rows + meta_.odd_rows, meta_.rows);
    return estimate;
}

Status KeyIndex::Gather(const Selection& selection, Bitmap* out) const {
    ASSIGN_OR_RETURN(const std::vector<Weight> weights, Weigh(selection));
    bool is_first = true;
    for (const size_t g : LightestFirst(weights)) {
        if (!is_first && !selection.exact && !IsWorthReading(weights[g].reads, out->Count())) {
            break;
        }
        Bitmap rows(meta_.rows);
        for (const KeySpan& span : selection.groups[g]) {
            RETURN_IF_ERROR(lists_.AddTo(span, &rows));
        }
        if (is_first) {
            *out = std::move(rows);
        } else {
            out->And(rows);
        }
        is_first = false;
    }
    if (is_first) {
        *out = Bitmap(meta_.rows, true);
    }
    return Status();
}

base::Result<expr::LeafBits> KeyIndex::Answer(const Plan& leaf) const {
    ASSIGN_OR_RETURN(const std::optional<Selection> selection,
                     Select(leaf, {meta_.rows / kRowsPerWalkedKey, false}));
    if (!selection.has_value()) {
        return base::Internal("the index was asked a leaf that it cannot answer");
    }
    expr::LeafBits bits;
    bits.exact = selection->exact && meta_.odd_rows == 0;
    if (selection->exists) {
        bits.rows = Bitmap(meta_.rows);
        AddWords(exists_, &bits.rows);
    } else {
        RETURN_IF_ERROR(Gather(*selection, &bits.rows));
    }
    if (selection->flip) {
        bits.rows.Flip();
    }
    AddWords(odd_, &bits.rows);
    return bits;
}

Status KeyIndex::Verify() const {
    RETURN_IF_ERROR(reader_.VerifyAll());
    RETURN_IF_ERROR(std::visit(
        [](const auto& keys) -> Status {
            if constexpr (requires { keys.Verify(); }) {
                return keys.Verify();
            } else {
                return Status();
            }
        },
        keys_));
    if (!odd_.empty()) {
        Bitmap odd(meta_.rows);
        AddWords(odd_, &odd);
        if (odd.Count() != meta_.odd_rows) {
            return DamagedIndex("odd rows are miscounted");
        }
    }
    return lists_.Verify();
}

}  // namespace elanus::scalar_index
