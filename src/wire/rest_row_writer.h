// Answers of queries and searches as JSON rows (API map 6.5).
//
// A row is an object: fields under their names, dynamic keys beside them, the score of a hit as
// "distance". JSON fields come as strings that hold their text; nulls as null.
// Threads: free functions.
#pragma once

#include "proxy/api.h"

#include <string>

namespace elanus::wire {

// How int64 values are written: clients that cannot hold them ask for strings (header
// Accept-Type-Allow-Int64).
enum class Int64Form { kNumber, kText };

// "[{row},..]"
std::string WriteQueryRows(const proxy::QueryResults& results, Int64Form form);
// "[{row},..]", the hits of all queries one after another.
std::string WriteSearchRows(const proxy::SearchResults& results, Int64Form form);
// "[key,..]"
std::string WriteKeys(const schema::PrimaryKeys& keys, Int64Form form);
// "[n,..]"
std::string WriteCounts(const std::vector<int64_t>& counts);

// The fewest digits that give the same float back; a score has at most eight significant ones.
void AppendFloat(float value, std::string* out);
void AppendScore(float value, std::string* out);

}  // namespace elanus::wire
