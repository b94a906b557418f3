// What a state schema says of a field beside its type (schema/attributes.fbs), and whether that makes sense.
// Used while a schema is read, by one thread; sentences that come back are for the schema's author, empty where all is well.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "relay/core/layout.h"

namespace tickrelay {

constexpr double whole_numbers_max = 9007199254740992.0;  // 2^53: a double holds all of them up to here

// A nested struct's or an array's hold for all its fields, unless those say otherwise.
struct Attributes {
    std::optional<double> precision, min, max;
    bool angle = false, quat = false, position = false;

    // Attributes that are not ours are other programs' business.
    std::string read(std::string_view key, std::string_view value);
    // Sets the field's flags and numbers. REQUIRES: field.type is set.
    [[nodiscard]] std::string apply_to(Field& field) const;

  private:
    [[nodiscard]] std::string apply_quat(Field& field) const;
    [[nodiscard]] std::string apply_range(Field& field) const;
};

}  // namespace tickrelay
