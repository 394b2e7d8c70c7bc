#include "proxy/text_number_places.h"

#include "scalar_index/json_path.h"

#include <utility>

namespace elanus::proxy {

std::vector<expr::JsonPlace> TextNumberPlaces(const schema::CollectionSchema& schema,
                                              const std::vector<roles::IndexInfo>& indexes) {
    std::vector<expr::JsonPlace> places;
    for (const roles::IndexInfo& index : indexes) {
        const schema::FieldSchema* field = schema.FindField(index.field_id);
        const auto path = index.params.find("json_path");
        if (field == nullptr || path == index.params.end() ||
            index.params.count("json_cast_function") == 0) {
            continue;
        }
        auto keys = scalar_index::ParseJsonPath(path->second, *field);
        if (keys.ok()) {
            places.push_back({index.field_id, *std::move(keys)});
        }
    }
    return places;
}

}  // namespace elanus::proxy
