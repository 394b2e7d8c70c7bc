// Rows, keys and query vectors of REST requests: JSON text to columns, checked against a schema.
// The first byte says what the text is: rows to insert, upsert or change, keys, or vectors.
#include "proxy/insert_validation.h"
#include "rows.h"
#include "target.h"
#include "wire/rest_body.h"
#include "wire/rest_row_reader.h"

using namespace elanus;

namespace {

void ReadRows(std::string_view data, wire::RestRowForm form) {
    auto rows = wire::ReadRestRows(fuzz::EveryType(), data, form);
    if (!rows.ok()) {
        return;
    }
    proxy::InsertRequest request;
    request.columns = std::move(rows->columns);
    request.num_rows = rows->count;
    const auto batch = proxy::PrepareRows(fuzz::EveryType(), proxy::Limits(),
                                          form.insert    ? proxy::WriteKind::kInsert
                                          : form.partial ? proxy::WriteKind::kPartial
                                                         : proxy::WriteKind::kUpsert,
                                          &request);
    FUZZ_EXPECT(!batch.ok() || batch->Verify().ok());
}

}  // namespace

ELANUS_FUZZ_SEEDS {
    const std::string row =
        R"~({"id": 1, "b": null, "i8": -128, "i16": 3, "i32": 4, "i64": 9007199254740993, "f": 0.5,)~"
        R"~( "d": 1e300, "s": "a\u00e9", "t": "x", "x": "y", "j": {"a": [1, {"b": null}]},)~"
        R"~( "ts": "2025-01-01T00:00:00Z", "g": "POINT (1 1)", "ai": [1, 2], "ab": [true],)~"
        R"~( "af": [], "as": ["a", "b"], "v": [0.5, 1], "bv": [255], "hv": [1, 2], "iv": [1, -2],)~"
        R"~( "bfv": [0.1, 1], "sv": {"1": 0.5, "7": 2}, "dyn": {"deep": [[]]},)~"
        R"~( "ss": [{"u": 1, "w": "a", "sub": [1, 2]}]})~";
    return {"i{\"data\": [" + row + ", " + row + "]}",
            "u{\"data\": " + row + "}",
            R"(p{"data": {"id": 1, "s": null}})",
            R"(k{"id": [1, "2", 3]})",
            R"(v{"data": [[1, 2.5], [3, 4]], "annsField": "v"})",
            R"(v{"data": [{"indices": [1, 5], "values": [0.5, 1]}], "annsField": "sv"})",
            R"(v{"data": ["AQI=", [1, 2]], "annsField": "hv"})"};
}

ELANUS_FUZZ_TARGET(rest_rows) {
    const char form = bytes.empty() ? 'i' : bytes.front();
    bytes.remove_prefix(bytes.empty() ? 0 : 1);
    const auto body = wire::RestBody::Parse(bytes);
    if (!body.ok()) {
        return;
    }
    const schema::CollectionSchema& schema = fuzz::EveryType().schema;
    if (form == 'k') {
        static_cast<void>(wire::ReadRestKeys(*schema.primary_key(), body->Raw("id")));
    } else if (form == 'v') {
        const auto field = body->Text("annsField");
        static_cast<void>(wire::ReadRestVectors(body->Raw("data"),
                                                field.ok() ? schema.FindField(*field) : nullptr));
    } else if (body->Has("data")) {
        ReadRows(body->Raw("data"), {.insert = form == 'i', .partial = form == 'p'});
    }
}
