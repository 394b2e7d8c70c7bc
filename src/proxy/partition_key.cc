#include "proxy/partition_key.h"

#include "base/hash.h"
#include "proxy/phrase.h"
#include "proxy/schema_validation.h"
#include "proxy/tenant_namespace.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

namespace elanus::proxy {

namespace {

constexpr std::string_view kNotPinned =
    "partition key not found in expr or the expr is invalid when validating partition key "
    "isolation";

// The values that the key has in every row that the plan accepts; absent when it does not say.
std::optional<schema::PrimaryKeys> PinnedKeys(const expr::Plan& plan, base::FieldId key_field) {
    if (auto keys = expr::PrimaryKeyTerms(plan, key_field)) {
        return keys;
    }
    const expr::And* conjunction = std::get_if<expr::And>(&plan.node);
    if (conjunction == nullptr) {
        return std::nullopt;
    }
    for (const expr::Plan& term : conjunction->terms) {
        if (auto keys = PinnedKeys(term, key_field)) {
            return keys;
        }
    }
    return std::nullopt;
}

bool Mentions(const expr::Plan& plan, base::FieldId field) {
    const std::vector<base::FieldId> fields = plan.ReferencedFields();
    return std::find(fields.begin(), fields.end(), field) != fields.end();
}

// Whether the plan says key == value; fails when it says something else of the key.
base::Result<bool> PinsOneValue(const expr::Plan& plan, base::FieldId key_field) {
    if (const auto* conjunction = std::get_if<expr::And>(&plan.node)) {
        bool pinned = false;
        for (const expr::Plan& term : conjunction->terms) {
            ASSIGN_OR_RETURN(const bool by_term, PinsOneValue(term, key_field));
            pinned = pinned || by_term;
        }
        return pinned;
    }
    if (!Mentions(plan, key_field)) {
        return false;
    }
    if (std::holds_alternative<expr::Or>(plan.node)) {
        return Invalid("partition key isolation does not support OR");
    }
    if (std::holds_alternative<expr::Not>(plan.node)) {
        return Invalid("partition key isolation does not support NOT");
    }
    if (std::holds_alternative<expr::In>(plan.node)) {
        return Invalid("partition key isolation does not support IN");
    }
    if (std::holds_alternative<expr::Range>(plan.node)) {
        return Invalid("partition key isolation does not support BinaryRange");
    }
    const auto* compare = std::get_if<expr::Compare>(&plan.node);
    if (compare == nullptr) {
        return false;
    }
    switch (compare->op) {
        case expr::CompareOp::kEq:
            return true;
        case expr::CompareOp::kNe:
            return Invalid("partition key isolation does not support NotEqual");
        case expr::CompareOp::kLt:
            return Invalid("partition key isolation does not support LessThan");
        case expr::CompareOp::kLe:
            return Invalid("partition key isolation does not support LessEqual");
        case expr::CompareOp::kGt:
            return Invalid("partition key isolation does not support GreaterThan");
        case expr::CompareOp::kGe:
            return Invalid("partition key isolation does not support GreaterEqual");
    }
    return false;
}

// The field whose value says which partition holds a row; null when none does.
const schema::FieldSchema* PinningField(const schema::CollectionSchema& schema) {
    for (const schema::FieldSchema& field : schema.fields) {
        if (field.is_partition_key || field.is_namespace()) {
            return &field;
        }
    }
    return nullptr;
}

}  // namespace

std::vector<base::PartitionId> HashPartitions(const roles::CollectionInfo& collection) {
    constexpr std::string_view kPrefix = "_default_";
    std::vector<std::pair<int64_t, base::PartitionId>> numbered;
    for (const roles::PartitionInfo& partition : collection.partitions) {
        const std::string_view name = partition.name;
        int64_t number = 0;
        if (name.starts_with(kPrefix) && ParseInt(name.substr(kPrefix.size()), &number)) {
            numbered.emplace_back(number, partition.id);
        }
    }
    std::sort(numbered.begin(), numbered.end());
    std::vector<base::PartitionId> ids;
    for (const auto& [number, id] : numbered) {
        ids.push_back(id);
    }
    return ids;
}

uint64_t HashPartitionKey(int64_t key) {
    return base::Hash64(static_cast<uint64_t>(key));
}

uint64_t HashPartitionKey(std::string_view key) {
    return base::Hash64(key);
}

std::vector<base::PartitionId> PrunePartitions(const roles::CollectionInfo& collection,
                                               std::vector<base::PartitionId> asked,
                                               const expr::Plan* filter) {
    const schema::FieldSchema* key_field = PinningField(collection.schema);
    if (key_field == nullptr || filter == nullptr || !asked.empty()) {
        return asked;
    }
    const auto keys = PinnedKeys(*filter, key_field->id);
    if (!keys.has_value() || keys->empty()) {
        return asked;
    }
    if (key_field->is_namespace()) {
        for (const std::string& name : keys->strings) {
            const auto partition = PartitionOfNamespace(collection, name);
            if (partition.has_value()) {
                asked.push_back(*partition);
            }
        }
        return asked;
    }
    const std::vector<base::PartitionId> partitions = HashPartitions(collection);
    if (partitions.empty()) {
        return asked;
    }
    for (const int64_t key : keys->ints) {
        asked.push_back(partitions[HashPartitionKey(key) % partitions.size()]);
    }
    for (const std::string& key : keys->strings) {
        asked.push_back(partitions[HashPartitionKey(std::string_view(key)) % partitions.size()]);
    }
    std::sort(asked.begin(), asked.end());
    asked.erase(std::unique(asked.begin(), asked.end()), asked.end());
    return asked;
}

base::Status CheckIsolation(const roles::CollectionInfo& collection, const expr::Plan* filter) {
    const schema::FieldSchema* key_field = collection.schema.partition_key();
    const auto property = collection.properties.find("partitionkey.isolation");
    bool isolated = false;
    if (key_field == nullptr || property == collection.properties.end() ||
        !ParseBool(property->second, &isolated) || !isolated) {
        return base::Status();
    }
    if (filter == nullptr) {
        return Invalid(kNotPinned);
    }
    ASSIGN_OR_RETURN(const bool pinned, PinsOneValue(*filter, key_field->id));
    return pinned ? base::Status() : Invalid(kNotPinned);
}

}  // namespace elanus::proxy
