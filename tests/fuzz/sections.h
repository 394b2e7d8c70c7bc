// Envelope files in a form that a fuzzer can change: checksums, alignment and table are left out
// and made anew, so that what lies behind the frame is reached.
//
// The form: the format version (one byte), then sections: kind u32, field u32, length u32, bytes.
// A length beyond the end takes what there is.
#pragma once

#include "base/buffer.h"

#include <string>
#include <string_view>

namespace elanus::fuzz {

// A whole envelope file of this format out of the form.
base::Buffer EnvelopeOf(std::string_view format, std::string_view bytes);
// The form of a file.
std::string SectionsOf(std::string_view format, std::string_view file);

}  // namespace elanus::fuzz
