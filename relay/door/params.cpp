#include "relay/door/params.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "relay/core/limits.h"
#include "relay/door/base64.h"
#include "relay/door/json.h"
#include "relay/door/nearest.h"

namespace tickrelay {

using nlohmann::json;

namespace {

std::string number_text(double number) {
    return json(number == std::int64_t(number) ? json(std::int64_t(number)) : json(number)).dump();
}

}  // namespace

const json* Params::find(std::string_view name) {
    known_.push_back(name);
    if (failed()) return nullptr;
    const auto found = object_.find(std::string(name));
    return found == object_.end() || found->is_null() ? nullptr : &*found;
}

void Params::fail(std::string_view name, std::string message, std::string range) {
    if (!failed())
        error_ = ParamError{std::string(name) + " " + std::move(message), std::string(name), std::move(range), {}};
}

std::optional<std::string> Params::name(std::string_view name) {
    const json* value = find(name);
    if (value == nullptr) return std::nullopt;
    if (value->is_string() && valid_name(value->get_ref<const std::string&>())) return value->get<std::string>();
    fail(name, "must be 1 to 64 bytes of printable text", "1 to 64 bytes");
    return std::nullopt;
}

std::string Params::required_name(std::string_view name) {
    auto value = this->name(name);
    if (!value) fail(name, "is required", "1 to 64 bytes");
    return std::move(value).value_or("");
}

std::optional<std::string> Params::text(std::string_view name, std::size_t bytes_max) {
    const json* value = find(name);
    if (value == nullptr) return std::nullopt;
    if (value->is_string() && value->get_ref<const std::string&>().size() <= bytes_max)
        return value->get<std::string>();
    fail(name, "must be text of up to " + std::to_string(bytes_max) + " bytes",
         "up to " + std::to_string(bytes_max) + " bytes");
    return std::nullopt;
}

std::string Params::required_text(std::string_view name, std::size_t bytes_max) {
    auto value = text(name, bytes_max);
    if (!value) fail(name, "is required");
    return std::move(value).value_or("");
}

std::optional<std::int64_t> Params::whole(std::string_view name, std::int64_t low, std::int64_t high) {
    const json* value = find(name);
    if (value == nullptr) return std::nullopt;
    if (value->is_number_integer() && !(value->is_number_unsigned() && value->get<std::uint64_t>() > INT64_MAX)) {
        const auto number = value->get<std::int64_t>();
        if (number >= low && number <= high) return number;
    }
    const std::string range = std::to_string(low) + " to " + std::to_string(high);
    fail(name, "must be a whole number from " + range, range);
    return std::nullopt;
}

std::optional<double> Params::number(std::string_view name, double low, double high) {
    const json* value = find(name);
    if (value == nullptr) return std::nullopt;
    if (value->is_number() && value->get<double>() >= low && value->get<double>() <= high) return value->get<double>();
    const std::string range = number_text(low) + " to " + number_text(high);
    fail(name, "must be a number from " + range, range);
    return std::nullopt;
}

std::optional<bool> Params::flag(std::string_view name) {
    const json* value = find(name);
    if (value == nullptr) return std::nullopt;
    if (value->is_boolean()) return value->get<bool>();
    fail(name, "must be true or false", "true, false");
    return std::nullopt;
}

std::optional<std::string> Params::bytes(std::string_view name, std::size_t bytes_max) {
    const json* value = find(name);
    if (value == nullptr) return std::nullopt;
    std::optional<std::string> bytes;
    if (value->is_string()) bytes = decode_base64(value->get_ref<const std::string&>());
    if (bytes && bytes->size() <= bytes_max) return bytes;
    const std::string range = "base64 of up to " + std::to_string(bytes_max) + " bytes";
    fail(name, "must be " + range, range);
    return std::nullopt;
}

std::optional<std::size_t> Params::choice(std::string_view name, const std::vector<std::string_view>& choices) {
    const json* value = find(name);
    if (value == nullptr) return std::nullopt;
    std::string range;
    for (std::size_t i = 0; i < choices.size(); ++i) {
        if (value->is_string() && value->get_ref<const std::string&>() == choices[i]) return i;
        range.append(i == 0 ? "" : ", ").append(choices[i]);
    }
    fail(name, "must be one of " + range, range);
    return std::nullopt;
}

const json* Params::any(std::string_view name) { return find(name); }

const json& Params::required_object(std::string_view name) {
    static const json empty = json::object();
    const json* value = find(name);
    if (value != nullptr && value->is_object()) return *value;
    fail(name, value == nullptr ? "is required: an object" : "must be an object", "an object");
    return empty;
}

std::optional<std::string> Params::metadata() {
    RoomSettings settings;
    if (!room_key(room_keys()[*find_room_key("metadata")], settings)) return std::nullopt;
    return settings.metadata;
}

bool Params::room_key(const RoomKey& key, RoomSettings& settings) {
    const json* value = find(key.name);
    if (value == nullptr) return false;
    KeyValue plain = std::string{};
    if (value->is_boolean()) {
        plain = value->get<bool>();
    } else if (value->is_number_unsigned() && value->get<std::uint64_t>() > INT64_MAX) {
        plain = value->get<double>();
    } else if (value->is_number_integer()) {
        plain = value->get<std::int64_t>();
    } else if (value->is_number()) {
        plain = value->get<double>();
    } else if (value->is_object()) {
        plain = dump_line(*value);
    } else if (value->is_string() && key.name == "schema") {
        auto bytes = decode_base64(value->get_ref<const std::string&>());
        if (!bytes) return fail(key.name, "is not base64", "base64 of a .bfbs"), false;
        plain = std::move(*bytes);
    } else if (value->is_string()) {
        plain = value->get<std::string>();
    }
    if (auto error = key.set(settings, plain)) {
        fail(key.name, std::move(*error), std::string(key.values));
        return false;
    }
    return true;
}

std::optional<ParamError> Params::finish() {
    if (failed()) return error_;
    for (const auto& [key, value] : object_.items()) {
        if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
        std::string near = nearest(key, known_);
        std::string message = "unknown parameter " + key.substr(0, 64);
        if (!near.empty()) message += ", the nearest is " + near;
        return ParamError{std::move(message), key.substr(0, 64), {}, std::move(near)};
    }
    return std::nullopt;
}

}  // namespace tickrelay
