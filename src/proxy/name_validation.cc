#include "proxy/name_validation.h"

#include "proxy/phrase.h"

#include <algorithm>
#include <iterator>
#include <string>

namespace elanus::proxy {

namespace {

bool IsLetter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool IsDigit(char c) {
    return c >= '0' && c <= '9';
}

bool IsFirst(char c) {
    return c == '_' || IsLetter(c);
}

bool IsInner(char c) {
    return IsFirst(c) || IsDigit(c);
}

bool TooLong(std::string_view name, const Limits& limits) {
    return name.size() > static_cast<size_t>(limits.max_name_length);
}

base::Status ValidateCollectionOrAlias(std::string_view name, std::string_view kind,
                                       const Limits& limits) {
    if (name.empty()) {
        return Invalid("collection ", kind, " should not be empty");
    }
    const std::string start = Phrase("Invalid collection ", kind, ": ", name, ". ");
    if (TooLong(name, limits)) {
        return Invalid(start, "the length of a collection ", kind, " must be less than ",
                       limits.max_name_length, " characters");
    }
    if (!IsFirst(name[0])) {
        return Invalid(start, "the first character of a collection ", kind,
                       " must be an underscore or letter");
    }
    if (!std::all_of(name.begin(), name.end(), IsInner)) {
        return Invalid(start, "collection ", kind,
                       " can only contain numbers, letters and underscores");
    }
    return base::Status();
}

base::Status BadDatabaseName(std::string_view name, std::string_view text) {
    return base::Status::WithFields(base::Code::kDatabaseInvalidName,
                                    {{"database", std::string(name)}})
        .Annotate(text);
}

base::Status BadFieldName(std::string_view name, std::string_view text) {
    return base::Status::WithFields(base::Code::kFieldInvalidName, {{"field", std::string(name)}})
        .Annotate(text);
}

// The words of the filter grammar; each is a keyword in these spellings only.
constexpr std::string_view kKeywords[] = {
    "$meta",
    "like",
    "LIKE",
    "exists",
    "EXISTS",
    "and",
    "AND",
    "or",
    "OR",
    "not",
    "NOT",
    "in",
    "IN",
    "json_contains",
    "JSON_CONTAINS",
    "json_contains_all",
    "JSON_CONTAINS_ALL",
    "json_contains_any",
    "JSON_CONTAINS_ANY",
    "array_contains",
    "ARRAY_CONTAINS",
    "array_contains_all",
    "ARRAY_CONTAINS_ALL",
    "array_contains_any",
    "ARRAY_CONTAINS_ANY",
    "array_length",
    "ARRAY_LENGTH",
    "true",
    "True",
    "TRUE",
    "false",
    "False",
    "FALSE",
    "text_match",
    "TEXT_MATCH",
    "phrase_match",
    "PHRASE_MATCH",
    "random_sample",
    "RANDOM_SAMPLE",
};

}  // namespace

base::Status ValidateDatabaseName(std::string_view name, const Limits& limits) {
    if (name.empty()) {
        return BadDatabaseName(name, "database name couldn't be empty");
    }
    if (TooLong(name, limits)) {
        return BadDatabaseName(name, Phrase("the length of a database name must be less than ",
                                            limits.max_name_length, " characters"));
    }
    if (!IsFirst(name[0])) {
        return BadDatabaseName(
            name, "the first character of a database name must be an underscore or letter");
    }
    if (!std::all_of(name.begin(), name.end(), IsInner)) {
        return BadDatabaseName(name,
                               "database name can only contain numbers, letters and underscores");
    }
    return base::Status();
}

base::Status ValidateCollectionName(std::string_view name, const Limits& limits) {
    return ValidateCollectionOrAlias(name, "name", limits);
}

base::Status ValidateAlias(std::string_view alias, const Limits& limits) {
    return ValidateCollectionOrAlias(alias, "alias", limits);
}

base::Status ValidatePartitionName(std::string_view name, const Limits& limits) {
    const std::string start = Phrase("Invalid partition name: ", name, ". ");
    if (name.empty()) {
        return Invalid(start, "Partition name should not be empty.");
    }
    if (TooLong(name, limits)) {
        return Invalid(start, "The length of a partition name must be less than ",
                       limits.max_name_length, " characters.");
    }
    if (!IsInner(name[0])) {
        return Invalid(start,
                       "The first character of a partition name must be an underscore or letter.");
    }
    if (!std::all_of(name.begin(), name.end(), [](char c) { return IsInner(c) || c == '-'; })) {
        return Invalid(start, "Partition name can only contain numbers, letters and underscores.");
    }
    return base::Status();
}

base::Status ValidateFieldName(std::string_view name, const Limits& limits) {
    if (name.empty()) {
        return BadFieldName(name, "field name should not be empty");
    }
    const std::string start = Phrase("Invalid field name: ", name, ". ");
    if (TooLong(name, limits)) {
        return BadFieldName(name, Phrase(start, "The length of a field name must be less than ",
                                         limits.max_name_length, " characters."));
    }
    if (std::find(std::begin(kKeywords), std::end(kKeywords), name) != std::end(kKeywords)) {
        return BadFieldName(name, Phrase(start, name, " is keyword in milvus."));
    }
    if (!IsFirst(name[0])) {
        return BadFieldName(
            name,
            Phrase(start, "The first character of a field name must be an underscore or letter."));
    }
    if (!std::all_of(name.begin(), name.end(), IsInner)) {
        return BadFieldName(
            name, Phrase(start, "Field name can only contain numbers, letters, and underscores."));
    }
    if (name == "RowID" || name == "Timestamp" || name == "__virtual_pk__") {
        return BadFieldName(name, Phrase("schema contains system field ", name));
    }
    return base::Status();
}

base::Status ValidateIndexName(std::string_view name, const Limits& limits) {
    if (name.empty()) {
        return base::Status();
    }
    const std::string start = Phrase("Invalid index name: ", name, ". ");
    if (TooLong(name, limits)) {
        return Invalid(start, "The length of a index name must be less than ",
                       limits.max_name_length, " characters.");
    }
    if (!IsFirst(name[0])) {
        return Invalid(start,
                       "The first character of an index name must be an underscore or letter.");
    }
    const auto allowed = [](char c) { return IsInner(c) || c == '$' || c == '-'; };
    if (!std::all_of(name.begin(), name.end(), allowed)) {
        return Invalid(start, "Index name can only contain numbers, letters, and underscores.");
    }
    return base::Status();
}

}  // namespace elanus::proxy
