// Query vectors: from placeholder bytes to one aligned block of floats.
#pragma once

#include "base/buffer.h"
#include "base/status.h"
#include "proxy/api.h"
#include "schema/collection_schema.h"

namespace elanus::proxy {

// nq vectors of the field's dimension one after another. A single aligned vector is not copied.
base::Result<base::Buffer> ReadQueryVectors(const schema::FieldSchema& field,
                                            const Placeholders& placeholders);

}  // namespace elanus::proxy
