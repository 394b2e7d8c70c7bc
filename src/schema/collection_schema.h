// FieldSchema and CollectionSchema: what a collection looks like. Plain structs, stored in the
// catalog and sent between roles through base::Archive.
#pragma once

#include "base/ids.h"
#include "base/status.h"
#include "schema/data_type.h"

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace elanus::schema {

using KeyValues = std::map<std::string, std::string>;

// A default value as given on the wire; monostate = none.
using DefaultValue = std::variant<std::monostate, bool, int64_t, float, double, std::string>;

enum class FunctionType : int32_t {
    kUnknown = 0,
    kBm25 = 1,
    kTextEmbedding = 2,
    kRerank = 3,
    kMinHash = 4,
};

inline constexpr std::string_view kDynamicFieldName = "$meta";
// Names of users' fields have no $.
inline constexpr std::string_view kNamespaceFieldName = "$namespace_id";

struct FieldSchema {
    base::FieldId id = 0;
    std::string name;
    std::string description;
    DataType type = DataType::kNone;
    DataType element_type = DataType::kNone;  // arrays and arrays of vectors
    bool is_primary_key = false;
    bool auto_id = false;
    bool is_partition_key = false;
    bool is_clustering_key = false;
    bool nullable = false;
    bool is_dynamic = false;  // the hidden JSON field $meta
    bool is_function_output = false;
    DefaultValue default_value;
    KeyValues type_params;   // dim, max_length, max_capacity, mmap.enabled, enable_analyzer ...
    KeyValues index_params;  // as sent with the field; kept for describe
    std::vector<FieldSchema> sub_fields;  // struct arrays only

    // The value of an integer parameter; 0 when absent or no number.
    int64_t IntParam(const std::string& key) const;
    int64_t dim() const { return IntParam("dim"); }
    int64_t max_length() const { return IntParam("max_length"); }
    int64_t max_capacity() const { return IntParam("max_capacity"); }
    bool has_default() const { return default_value.index() != 0; }
    bool is_namespace() const { return name == kNamespaceFieldName; }
    // The server's own: no description lists it.
    bool is_hidden() const { return is_dynamic || is_namespace(); }

    template <typename A>
    void Visit(A& a) {
        a(id, name, description, type, element_type, is_primary_key, auto_id, is_partition_key,
          is_clustering_key, nullable, is_dynamic, is_function_output, default_value, type_params,
          index_params, sub_fields);
    }
};

struct FunctionSchema {
    int64_t id = 0;
    std::string name;
    std::string description;
    FunctionType type = FunctionType::kUnknown;
    std::vector<std::string> input_field_names;
    std::vector<std::string> output_field_names;
    KeyValues params;

    template <typename A>
    void Visit(A& a) {
        a(id, name, description, type, input_field_names, output_field_names, params);
    }
};

struct CollectionSchema {
    std::string name;
    std::string description;
    bool auto_id = false;
    bool enable_dynamic_field = false;
    bool enable_namespace = false;
    base::SchemaVersion version = 0;
    // Users' fields in order, then $namespace_id if there are namespaces, then $meta if dynamic.
    std::vector<FieldSchema> fields;
    std::vector<FunctionSchema> functions;

    // By a name that a client sent: never finds the namespace field.
    const FieldSchema* FindField(std::string_view field_name) const;
    const FieldSchema* FindField(base::FieldId field_id) const;
    const FieldSchema* primary_key() const;    // never null in a validated schema
    const FieldSchema* dynamic_field() const;  // null when not dynamic
    const FieldSchema* partition_key() const;  // null when none; with namespaces their field

    template <typename A>
    void Visit(A& a) {
        a(name, description, auto_id, enable_dynamic_field, enable_namespace, version, fields,
          functions);
    }
};

}  // namespace elanus::schema
