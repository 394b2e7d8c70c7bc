// Properties of a collection that the server keeps for itself: clients neither give nor see them.
#pragma once

#include "roles/records.h"

#include <string_view>

namespace elanus::roles {

// Then the name of a namespace that was made by name, where it is no partition: when that was.
inline constexpr std::string_view kCreatedNamespacePrefix = "namespace.created.";

KeyValues VisibleProperties(const KeyValues& properties);

}  // namespace elanus::roles
