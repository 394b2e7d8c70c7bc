// Which Elanus this is. What clients are told is the setting elanus.reportedVersion.
#pragma once

namespace elanus::main {

inline constexpr char kVersion[] = "0.1.0";

}  // namespace elanus::main
