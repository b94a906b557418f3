// The parameters of one call: read one by one, each with its range; the first error sticks and names the parameter,
// what it may be, and for an unknown one the nearest that the method reads. For .cpp files of the door only.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "relay/door/room_keys.h"

namespace tickrelay {

struct ParamError {
    std::string message;
    std::string param;
    std::string range;    // empty where there is none
    std::string nearest;  // likewise
};

class Params {
  public:
    // `object` must outlive this.
    explicit Params(const nlohmann::json& object) : object_(object) {}

    // Each returns an empty value after an error. "Required" means: missing is an error.
    std::string required_name(std::string_view name);  // a room_id, player_id or type
    std::optional<std::string> name(std::string_view name);
    std::optional<std::string> text(std::string_view name, std::size_t bytes_max);
    std::string required_text(std::string_view name, std::size_t bytes_max);
    std::optional<std::int64_t> whole(std::string_view name, std::int64_t low, std::int64_t high);
    std::optional<double> number(std::string_view name, double low, double high);
    std::optional<bool> flag(std::string_view name);
    std::optional<std::string> bytes(std::string_view name, std::size_t bytes_max);  // base64
    std::optional<std::size_t> choice(std::string_view name, const std::vector<std::string_view>& choices);
    const nlohmann::json* any(std::string_view name);  // null where missing
    const nlohmann::json& required_object(std::string_view name);
    std::optional<std::string> metadata();

    // A key of the rooms' table; false where it is missing.
    bool room_key(const RoomKey& key, RoomSettings& settings);

    void fail(std::string_view name, std::string message, std::string range = {});
    [[nodiscard]] bool failed() const { return error_.has_value(); }
    // After the last read: the first error, or that of a parameter that nothing has read.
    std::optional<ParamError> finish();
    [[nodiscard]] const std::vector<std::string_view>& known() const { return known_; }  // what was read, there or not

  private:
    const nlohmann::json* find(std::string_view name);

    const nlohmann::json& object_;
    std::vector<std::string_view> known_;
    std::optional<ParamError> error_;
};

}  // namespace tickrelay
