#include "relay/core/attributes.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "relay/core/check.h"
#include "schema/state/quat.h"

namespace tickrelay {
namespace {

constexpr double steps_max = 2147483648.0;  // 2^31: a step fits 32 bits
constexpr float pi = 3.14159265358979323846F;

struct TypeRange {
    double lowest, highest;
};

template <class T>
constexpr TypeRange range_of() {
    using Limits = std::numeric_limits<T>;
    return {static_cast<double>(Limits::lowest()), static_cast<double>(Limits::max())};
}

TypeRange range_of(FieldType type) {
    switch (type) {
        case FieldType::Bool: return {0, 1};
        case FieldType::Int8: return range_of<std::int8_t>();
        case FieldType::UInt8: return range_of<std::uint8_t>();
        case FieldType::Int16: return range_of<std::int16_t>();
        case FieldType::UInt16: return range_of<std::uint16_t>();
        case FieldType::Int32: return range_of<std::int32_t>();
        case FieldType::UInt32: return range_of<std::uint32_t>();
        case FieldType::Int64: return range_of<std::int64_t>();
        case FieldType::UInt64: return range_of<std::uint64_t>();
        case FieldType::Float32: return range_of<float>();
        case FieldType::Float64: return range_of<double>();
    }
    CHECK(!"a field type beyond the enum");
    return {};
}

std::string quoted(std::string_view text) { return '"' + std::string(text.substr(0, 32)) + '"'; }

// Not strtod: a locale's decimal comma must not change a schema.
std::string parse(std::string_view key, std::string_view text, std::optional<double>& number) {
    double parsed = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), parsed);
    if (failure != std::errc{} || end != text.data() + text.size() || !std::isfinite(parsed))
        return std::string(key) + " is no number: " + quoted(text);
    number = parsed + 0.0;  // no negative zero: it would be another fingerprint
    return {};
}

}  // namespace

std::string Attributes::read(std::string_view key, std::string_view value) {
    if (key == "precision") return parse(key, value, precision);
    if (key == "min") return parse(key, value, min);
    if (key == "max") return parse(key, value, max);
    if (key == "angle") angle = true;
    if (key == "quat") quat = true;
    if (key == "position") position = true;
    if (key == "player") return "player belongs on a component, not on a field";
    return {};
}

std::string Attributes::apply_to(Field& field) const {
    const auto flag = [&field](bool set, FieldFlags which) { field.flags |= set ? which : FieldFlags{}; };
    flag(precision.has_value() || quat, FieldFlags::Quantised);
    flag(angle || min || max, FieldFlags::Ranged);
    flag(angle, FieldFlags::Angle);
    flag(quat, FieldFlags::Quat);
    flag(position, FieldFlags::Position);

    if ((angle || quat || position) && field.type != FieldType::Float32)
        return std::string(angle ? "angle" : quat ? "quat" : "position") + " is for float fields";
    if (precision) {
        if (!is_float(field.type)) return "precision is for float and double fields";
        if (!(*precision > 0)) return "precision is not above 0";
        if (*precision * steps_max > range_of(FieldType::Float32).highest) return "precision is too large";
        field.precision = *precision;
    }
    if (quat) return apply_quat(field);
    return field.has(FieldFlags::Ranged) ? apply_range(field) : std::string();
}

std::string Attributes::apply_quat(Field& field) const {
    if (angle || min || max) return "a quat takes precision, and neither a range nor angle";
    field.precision = precision.value_or(quat_precision);
    const bool fits = field.precision >= quat_precision_min && field.precision <= quat_precision_max;
    return fits ? std::string() : "precision of a quat is 0.000001 to 0.1";
}

std::string Attributes::apply_range(Field& field) const {
    if (field.type == FieldType::Bool) return "min and max are for numbers";
    const TypeRange type = range_of(field.type);
    for (const auto& bound : {min, max}) {
        if (!bound) continue;
        if (*bound < type.lowest || *bound > type.highest) return "min or max is beyond what the type holds";
        if (is_float(field.type)) continue;
        if (*bound != std::floor(*bound)) return "min or max of an integer has a fraction";
        if (std::abs(*bound) > whole_numbers_max) return "min or max of an integer is beyond 2^53";
    }
    field.min = min.value_or(angle ? -pi : type.lowest);
    field.max = max.value_or(angle ? pi : type.highest);
    if (field.min > field.max) return "min is above max";
    if (angle) {
        // As float32, so that the value of step 0 is min itself and not a turn away from it.
        field.min = static_cast<float>(field.min);
        field.max = static_cast<float>(field.max);
        if (field.min == field.max) return "an angle's min and max are the same";
    }
    if (!precision) return {};
    if (!angle && (!min || !max)) return "precision with one of min and max needs the other";
    if ((field.max - field.min) / *precision > steps_max) return "max - min is more than 2^31 steps of precision";
    return {};
}

}  // namespace tickrelay
