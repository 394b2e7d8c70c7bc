#include "roles/hidden_properties.h"

namespace elanus::roles {

KeyValues VisibleProperties(const KeyValues& properties) {
    KeyValues visible = properties;
    std::erase_if(visible, [](const auto& property) {
        return property.first.starts_with(kCreatedNamespacePrefix);
    });
    return visible;
}

}  // namespace elanus::roles
