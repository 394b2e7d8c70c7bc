// Primary keys: lists of Int64 or VarChar keys, and one key as a value.
#pragma once

#include "base/hash.h"
#include "schema/column.h"

#include <compare>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace elanus::schema {

// Int64 or VarChar key; ordered within one kind.
using PrimaryKey = std::variant<int64_t, std::string>;

inline uint64_t HashPrimaryKey(int64_t key) {
    return base::Hash64(static_cast<uint64_t>(key));
}
inline uint64_t HashPrimaryKey(std::string_view key) {
    return base::Hash64(key);
}
inline uint64_t HashPrimaryKey(const PrimaryKey& key) {
    return key.index() == 0 ? HashPrimaryKey(std::get<0>(key))
                            : HashPrimaryKey(std::string_view(std::get<1>(key)));
}

// Many keys of one kind; exactly one of the lists is used.
struct PrimaryKeys {
    bool is_string = false;
    std::vector<int64_t> ints;
    std::vector<std::string> strings;

    size_t size() const { return is_string ? strings.size() : ints.size(); }
    bool empty() const { return size() == 0; }
    PrimaryKey At(size_t i) const {
        return is_string ? PrimaryKey(strings[i]) : PrimaryKey(ints[i]);
    }
    void Append(const PrimaryKey& key) {
        if (key.index() == 0) {
            ints.push_back(std::get<0>(key));
        } else {
            is_string = true;
            strings.push_back(std::get<1>(key));
        }
    }
    void AppendFrom(const ColumnView& column, size_t row) {
        if (IsStringLike(column.type)) {
            is_string = true;
            strings.emplace_back(column.StringAt(row));
        } else {
            ints.push_back(column.As<int64_t>()[row]);
        }
    }

    template <typename A>
    void Visit(A& a) {
        a(is_string, ints, strings);
    }
};

}  // namespace elanus::schema
