#include "expr/plan_text.h"

#include "calendar/timestamp_text.h"

#include <algorithm>
#include <utility>

namespace elanus::expr {

namespace {

constexpr size_t kListedMax = 8;  // of a list of constants

std::string_view Sign(CompareOp op) {
    constexpr std::string_view kSigns[] = {"==", "!=", "<", "<=", ">", ">="};
    return kSigns[static_cast<size_t>(op)];
}

std::string_view Sign(ArithmeticOp op) {
    constexpr std::string_view kSigns[] = {"+", "-", "*", "/", "%"};
    return kSigns[static_cast<size_t>(op)];
}

std::string_view NameOf(geometry::Relation relation) {
    constexpr std::string_view kNames[] = {"st_equals",  "st_touches",  "st_overlaps",
                                           "st_crosses", "st_contains", "st_intersects",
                                           "st_within",  "st_dwithin",  "st_isvalid"};
    return kNames[static_cast<size_t>(relation)];
}

std::string_view NameOf(ElementRule rule) {
    constexpr std::string_view kNames[] = {"element_filter", "match_any",  "match_all",
                                           "match_least",    "match_most", "match_exact"};
    return kNames[static_cast<size_t>(rule)];
}

template <typename... Parts>
std::string Join(const Parts&... parts) {
    std::string out;
    (out.append(parts), ...);
    return out;
}

void AppendUnit(int32_t count, char unit, std::string* out) {
    if (count != 0) {
        out->append(std::to_string(count)).push_back(unit);
    }
}

std::string DurationText(const calendar::Duration& duration) {
    std::string out = "P";
    AppendUnit(duration.years, 'Y', &out);
    AppendUnit(duration.months, 'M', &out);
    AppendUnit(duration.days, 'D', &out);
    if (duration.hours != 0 || duration.minutes != 0 || duration.seconds != 0) {
        out.push_back('T');
        AppendUnit(duration.hours, 'H', &out);
        AppendUnit(duration.minutes, 'M', &out);
        AppendUnit(duration.seconds, 'S', &out);
    }
    return out;
}

// One node; recursion is bounded by INV-PLAN-4.
class Describer {
  public:
    Describer(const schema::CollectionSchema& schema, Constants constants)
        : schema_(schema), hide_(constants == Constants::kHide) {}

    PlanNode Describe(const Plan& plan) const { return std::visit(*this, plan.node); }

    PlanNode operator()(const AlwaysTrue&) const { return {"true", {}}; }
    PlanNode operator()(const AlwaysFalse&) const { return {"false: no row can match", {}}; }
    PlanNode operator()(const Compare& node) const {
        return {Join(Name(node.column), " ", Sign(node.op), " ", Show(node.column, node.value)),
                {}};
    }
    PlanNode operator()(const CompareColumns& node) const {
        return {Join(Name(node.left), " ", Sign(node.op), " ", Name(node.right)), {}};
    }
    PlanNode operator()(const Range& node) const {
        return {Join(Show(node.column, node.low), node.low_inclusive ? " <= " : " < ",
                     Name(node.column), node.high_inclusive ? " <= " : " < ",
                     Show(node.column, node.high)),
                {}};
    }
    PlanNode operator()(const In& node) const {
        const ValueSet& set = node.values;
        List list(*this, node.column);
        if (set.has_false) {
            list.Add(Value(false));
        }
        if (set.has_true) {
            list.Add(Value(true));
        }
        list.AddAll(set.ints);
        list.AddAll(set.doubles);
        list.AddAll(set.strings);
        return {Join(Name(node.column), " in ", list.Finish()), {}};
    }
    PlanNode operator()(const Like& node) const {
        const bool open_front = node.kind == LikeKind::kSuffix || node.kind == LikeKind::kInfix;
        const bool open_back = node.kind == LikeKind::kPrefix || node.kind == LikeKind::kInfix;
        const std::string pattern = Join(open_front ? "%" : "", node.text, open_back ? "%" : "");
        return {Join(Name(node.column), " like ", Show(Value(pattern))), {}};
    }
    PlanNode operator()(const Regex& node) const {
        return {Join(Name(node.column), " =~ ", Show(Value(node.pattern))), {}};
    }
    PlanNode operator()(const ArithmeticCompare& node) const {
        return {Join(Name(node.column), " ", Sign(node.arithmetic), " ", Show(node.operand), " ",
                     Sign(node.op), " ", Show(node.value)),
                {}};
    }
    PlanNode operator()(const IsNull& node) const {
        return {Join(Name(node.column), " is null"), {}};
    }
    PlanNode operator()(const Exists& node) const {
        return {Join("exists ", Name(node.column)), {}};
    }
    PlanNode operator()(const Contains& node) const {
        List list(*this, node.column);
        list.AddAll(node.values);
        return {Join(node.column.is_json() ? "json" : "array", "_contains_",
                     node.all ? "all(" : "any(", Name(node.column), ", ", list.Finish(), ")"),
                {}};
    }
    PlanNode operator()(const ArrayLength& node) const {
        return {Join("array_length(", Name(node.column), ") ", Sign(node.op), " ",
                     Show(Value(node.value))),
                {}};
    }
    PlanNode operator()(const And& node) const { return {"and", DescribeAll(node.terms)}; }
    PlanNode operator()(const Or& node) const { return {"or", DescribeAll(node.terms)}; }
    PlanNode operator()(const Not& node) const { return {"not", DescribeAll(node.terms)}; }
    PlanNode operator()(const TimestampCompare& node) const {
        const bool adds = node.direction == calendar::Direction::kAdd;
        return {
            Join(Name(node.column), adds ? " + " : " - ", hide_ ? "?" : DurationText(node.duration),
                 " ", Sign(node.op), " ", Show(node.column, Value(node.value))),
            {}};
    }
    PlanNode operator()(const TextMatch& node) const {
        std::string text;
        for (const std::string& each : node.texts) {
            text.append(text.empty() ? "" : " or ").append(Show(Value(each)));
        }
        return {Join("text_match(", Name(node.column), ", ", text, ", at least ",
                     std::to_string(node.minimum_should_match), " tokens)"),
                {}};
    }
    PlanNode operator()(const PhraseMatch& node) const {
        return {Join("phrase_match(", Name(node.column), ", ", Show(Value(node.text)), ", slop ",
                     std::to_string(node.slop), ")"),
                {}};
    }
    PlanNode operator()(const Spatial& node) const {
        std::string text = Join(NameOf(node.relation), "(", Name(node.column));
        if (node.relation != geometry::Relation::kValid) {
            const base::Result<std::string> shape = geometry::WktFromWkb(node.wkb);
            text += Join(", ", shape.ok() ? Show(Value(*shape)) : "?");
        }
        if (node.relation == geometry::Relation::kDistance) {
            text += Join(", ", Show(Value(node.meters)), " m");
        }
        return {text + ")", {}};
    }
    PlanNode operator()(const RandomSample& node) const {
        return {Join("random_sample(", Show(Value(node.factor)), ")"), {}};
    }
    PlanNode operator()(const StartsWith& node) const {
        return {Join(Name(node.left), " starts with ", Name(node.right)), {}};
    }
    PlanNode operator()(const ElementMatch& node) const {
        std::string text = Join(NameOf(node.rule), "(", Name(node.column));
        if (node.rule >= ElementRule::kLeast) {
            text += Join(", ", Show(Value(node.threshold)));
        }
        return {text + ")", DescribeAll(node.predicate)};
    }

  private:
    // "[1, 2, 3]", of a long one its beginning and its length.
    class List {
      public:
        List(const Describer& describer, const ColumnRef& column)
            : describer_(describer), column_(column) {}
        void Add(const Value& value) {
            if (count_++ < kListedMax && !describer_.hide_) {
                text_.append(count_ > 1 ? ", " : "").append(describer_.Show(column_, value));
            }
        }
        template <typename Values>
        void AddAll(const Values& values) {
            for (const auto& value : values) {
                Add(Value(value));
            }
        }
        std::string Finish() const {
            if (describer_.hide_) {
                return "?";
            }
            return Join("[", text_, count_ > kListedMax ? ", ..., " : "",
                        count_ > kListedMax ? std::to_string(count_) + " values]" : "]");
        }

      private:
        const Describer& describer_;
        const ColumnRef& column_;
        std::string text_;
        size_t count_ = 0;
    };

    std::vector<PlanNode> DescribeAll(const std::vector<Plan>& plans) const {
        std::vector<PlanNode> nodes;
        nodes.reserve(plans.size());
        for (const Plan& plan : plans) {
            nodes.push_back(Describe(plan));
        }
        return nodes;
    }

    std::string Show(const Value& value) const { return hide_ ? "?" : ValueText(value); }
    // Constants of a timestamp are microseconds.
    std::string Show(const ColumnRef& column, const Value& value) const {
        const int64_t* us = value.int_if();
        const bool is_time = column.value_type() == schema::DataType::kTimestamptz;
        return is_time && us != nullptr && !hide_
                   ? calendar::FormatTimestamp(*us, calendar::TimeZone())
                   : Show(value);
    }

    const schema::FieldSchema* FieldOf(const ColumnRef& column) const {
        for (const schema::FieldSchema& field : schema_.fields) {
            if (field.id == column.field_id) {
                return &field;
            }
            for (const schema::FieldSchema& sub_field : field.sub_fields) {
                if (sub_field.id == column.field_id) {
                    return &sub_field;  // inside of an ElementMatch
                }
            }
        }
        return nullptr;
    }

    std::string Name(const ColumnRef& column) const {
        const schema::FieldSchema* field = FieldOf(column);
        if (field == nullptr) {
            return "field " + std::to_string(column.field_id);
        }
        std::string name = field->name;
        const auto sub_field = static_cast<size_t>(column.sub_field);
        if (column.sub_field >= 0 && sub_field < field->sub_fields.size()) {
            name = field->sub_fields[sub_field].name;
        }
        for (const std::string& key : column.json_path) {
            name += Join("[", json::Write(json::Value(key)), "]");
        }
        if (column.text_numbers) {
            name += " (texts as numbers)";
        }
        return column.is_element() ? Join(name, "[", std::to_string(column.array_index), "]")
                                   : name;
    }

    const schema::CollectionSchema& schema_;
    const bool hide_;
};

}  // namespace

PlanNode DescribePlan(const Plan& plan, const schema::CollectionSchema& schema,
                      Constants constants) {
    return Describer(schema, constants).Describe(plan);
}

std::string PlanLines(const PlanNode& node, int depth) {
    std::string lines(static_cast<size_t>(2 * depth), ' ');
    lines.append("-> ").append(node.text).append("\n");
    for (const PlanNode& term : node.terms) {
        lines += PlanLines(term, depth + 1);
    }
    return lines;
}

std::string PlanLine(const PlanNode& node) {
    if (node.terms.empty()) {
        return node.text;
    }
    if (node.terms.size() == 1) {
        return node.text + " (" + PlanLine(node.terms[0]) + ")";
    }
    std::string line = "(";
    for (const PlanNode& term : node.terms) {
        line += line.size() == 1 ? "" : " " + node.text + " ";
        line += PlanLine(term);
    }
    return line + ")";
}

json::Value PlanJson(const PlanNode& node) {
    json::Value value;
    value.Add("node", node.text);
    if (!node.terms.empty()) {
        json::Value::Array terms;
        for (const PlanNode& term : node.terms) {
            terms.push_back(PlanJson(term));
        }
        value.Add("terms", std::move(terms));
    }
    return value;
}

}  // namespace elanus::expr
