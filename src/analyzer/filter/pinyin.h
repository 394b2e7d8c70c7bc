// pinyin: Han characters to their Mandarin readings without tones, so that Chinese is found by what
// is typed on a Latin keyboard. A character with several readings gets its most common one.
#pragma once

#include "analyzer/pipeline.h"
#include "base/status.h"
#include "json/json.h"

#include <cstdint>
#include <memory>
#include <string_view>

namespace elanus::analyzer {

base::Result<std::unique_ptr<const Filter>> BuildPinyin(const json::Value& params);

// "zhong" for U+4E2D; empty when the character has no reading.
std::string_view PinyinOf(uint32_t code);

}  // namespace elanus::analyzer
