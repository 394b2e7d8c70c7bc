#include "proxy/default_values.h"

#include "geometry/geometry.h"
#include "proxy/phrase.h"

namespace elanus::proxy {

using schema::DataType;

base::Result<calendar::TimeZone> FindZone(std::string_view name) {
    auto zone = calendar::TimeZone::Load(name);
    if (!zone.ok()) {
        return Invalid("unknown or invalid IANA Time Zone ID: ", name);
    }
    return zone;
}

calendar::TimeZone ZoneOf(const roles::KeyValues& properties) {
    const auto it = properties.find("timezone");
    if (it == properties.end()) {
        return calendar::TimeZone();
    }
    auto zone = calendar::TimeZone::Load(it->second);
    return zone.ok() ? std::move(zone).value() : calendar::TimeZone();
}

base::Result<calendar::TimeZone> RequestZone(const roles::KeyValues& params,
                                             const roles::KeyValues& properties) {
    const auto zone = params.find("timezone");
    const bool is_named = zone != params.end() && !zone->second.empty();
    return is_named ? FindZone(zone->second) : ZoneOf(properties);
}

base::Status StoreDefault(const calendar::TimeZone& zone, schema::FieldSchema* field) {
    const std::string* text = std::get_if<std::string>(&field->default_value);
    if (text == nullptr) {
        return base::Status();
    }
    if (field->type == DataType::kTimestamptz) {
        const auto us = calendar::ParseTimestamp(*text, zone);
        if (!us.ok()) {
            return Invalid("got invalid timestamptz string '", *text, "': default value of field ",
                           field->name);
        }
        field->default_value = *us;
    } else if (field->type == DataType::kGeometry) {
        auto wkb = geometry::WkbFromWkt(*text);
        if (!wkb.ok()) {
            return Invalid("invalid WKT '", *text, "': default value of field ", field->name);
        }
        field->default_value = std::move(wkb).value();
    }
    return base::Status();
}

schema::DefaultValue ShownDefault(const calendar::TimeZone& zone,
                                  const schema::FieldSchema& field) {
    if (const int64_t* us = std::get_if<int64_t>(&field.default_value);
        us != nullptr && field.type == DataType::kTimestamptz) {
        return calendar::FormatTimestamp(*us, zone);
    }
    if (const std::string* wkb = std::get_if<std::string>(&field.default_value);
        wkb != nullptr && field.type == DataType::kGeometry) {
        auto text = geometry::WktFromWkb(*wkb);
        return text.ok() ? schema::DefaultValue(std::move(text).value()) : schema::DefaultValue();
    }
    return field.default_value;
}

}  // namespace elanus::proxy
