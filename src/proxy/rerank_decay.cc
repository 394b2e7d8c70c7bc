#include "proxy/rerank_decay.h"

#include "proxy/phrase.h"

#include <algorithm>
#include <cmath>

namespace elanus::proxy {
namespace {

// Closer to 0 or 1 the curves lose their shape to rounding.
constexpr double kDecayMin = 0.001;
constexpr double kDecayMax = 0.999;

class DecayRescorer : public Rescorer {
  public:
    DecayRescorer(const Decay& decay, schema::FieldSchema field)
        : decay_(decay), field_(std::move(field)) {}

    const schema::FieldSchema& field() const override { return field_; }

    base::Status Rescore(const base::CallContext&, const schema::ColumnView& values,
                         const std::vector<size_t>&, std::vector<float>* scores) override {
        if (values.rows != scores->size() || values.type != field_.type) {
            return base::Internal("the values of a decay do not fit its rows");
        }
        for (size_t row = 0; row < values.rows; ++row) {
            float& score = (*scores)[row];
            score = values.IsValid(row)
                        ? score * static_cast<float>(decay_.Factor(NumberAt(values, row)))
                        : kUnscored;
        }
        return base::Status();
    }

  private:
    const Decay decay_;
    const schema::FieldSchema field_;
};

base::Result<double> Required(const FunctionParams& params, const std::string& key) {
    ASSIGN_OR_RETURN(const std::optional<double> value, params.Number("decay param", key));
    if (!value.has_value()) {
        return Invalid("decay ", key, " not specified");
    }
    return *value;
}

base::Result<DecayCurve> ReadCurve(const FunctionParams& params) {
    const std::string name = params.Word("function");
    if (name.empty()) {
        return Invalid("decay function not specified");
    }
    if (name == "gauss") {
        return DecayCurve::kGauss;
    }
    if (name == "exp") {
        return DecayCurve::kExp;
    }
    if (name == "linear") {
        return DecayCurve::kLinear;
    }
    return Invalid("decay: invalid function \"", name, "\", must be one of [gauss, linear, exp]");
}

}  // namespace

double NumberAt(const schema::ColumnView& column, size_t row) {
    switch (column.type) {
        case schema::DataType::kInt8:
            return column.As<int8_t>()[row];
        case schema::DataType::kInt16:
            return column.As<int16_t>()[row];
        case schema::DataType::kInt32:
            return column.As<int32_t>()[row];
        case schema::DataType::kInt64:
            return static_cast<double>(column.As<int64_t>()[row]);
        case schema::DataType::kFloat:
            return static_cast<double>(column.As<float>()[row]);
        default:
            return column.As<double>()[row];
    }
}

double Decay::Factor(double value) const {
    const double distance = std::max(0.0, std::abs(value - origin) - offset);
    const double steps = distance / scale;
    switch (curve) {
        case DecayCurve::kGauss:
            return std::exp(std::log(decay) * steps * steps);
        case DecayCurve::kExp:
            return std::exp(std::log(decay) * steps);
        default:
            return std::max(decay, 1 - (1 - decay) * steps);
    }
}

base::Result<Decay> ReadDecay(const FunctionParams& params) {
    Decay decay;
    ASSIGN_OR_RETURN(decay.curve, ReadCurve(params));
    ASSIGN_OR_RETURN(decay.origin, Required(params, "origin"));
    ASSIGN_OR_RETURN(decay.scale, Required(params, "scale"));
    ASSIGN_OR_RETURN(const std::optional<double> offset, params.Number("decay param", "offset"));
    ASSIGN_OR_RETURN(const std::optional<double> factor, params.Number("decay param", "decay"));
    decay.offset = offset.value_or(decay.offset);
    decay.decay = factor.value_or(decay.decay);
    if (decay.scale <= 0) {
        return Invalid("decay: scale must be > 0, got ", params.Text("scale"));
    }
    if (decay.offset < 0) {
        return Invalid("decay: offset must be >= 0, got ", params.Text("offset"));
    }
    if (decay.decay <= 0 || decay.decay >= 1) {
        return Invalid("decay: decay must be 0 < decay < 1, got ", params.Text("decay"));
    }
    if (decay.decay < kDecayMin || decay.decay > kDecayMax) {
        return Invalid("decay: decay must be between 0.001 and 0.999 for numerical stability, got ",
                       params.Text("decay"));
    }
    return decay;
}

std::unique_ptr<Rescorer> MakeDecayRescorer(const Decay& decay, const schema::FieldSchema& field) {
    return std::make_unique<DecayRescorer>(decay, field);
}

}  // namespace elanus::proxy
