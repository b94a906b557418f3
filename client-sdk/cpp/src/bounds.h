// What bounds the SDK. The relay's limits stand in PROTOCOL.md, "Limits".
#pragma once

#include <cstddef>
#include <cstdint>

namespace tickrelay {
inline namespace sdk {
namespace limits {

inline constexpr std::size_t message_bytes_max = 64 * 1024;  // to the relay
inline constexpr std::size_t actions_max = 64;               // in one message
inline constexpr std::size_t input_bytes_max = 1024;
inline constexpr std::size_t payload_bytes_max = 16 * 1024;
inline constexpr std::size_t receivers_max = 256;
inline constexpr std::size_t opaque_bytes_max = 16 * 1024;
inline constexpr std::size_t type_bytes_max = 64;

inline constexpr std::size_t received_bytes_max = 16 * 1024 * 1024;  // one message from the relay
inline constexpr std::size_t entities_max = 16'384;
inline constexpr std::size_t chunks_max = entities_max;  // none is empty
inline constexpr std::size_t components_max = 64 + 3;  // a schema's and the relay's own
inline constexpr std::size_t fields_max = 64;

inline constexpr std::size_t outbox_actions_max = 8'192;  // waiting for the relay
inline constexpr std::size_t outbox_bytes_max = 4 * 1024 * 1024;
inline constexpr std::size_t outbox_inputs_max = 8;  // not yet sent; older ones give way

inline constexpr std::size_t snapshots_max = 32;                   // of one value, for interpolation
inline constexpr std::int64_t extrapolation_us = 250'000;          // beyond the newest; then it is held
inline constexpr std::size_t predicted_inputs_max = 256;           // unconfirmed; older ones count no more

inline constexpr std::int64_t silence_look_us = 500'000;  // then whether bytes of a large message come
inline constexpr std::int64_t silence_us = 5'000'000;  // a relay sends at least every 250 ms
inline constexpr std::int64_t leave_us = 2'000'000;    // from leave() to its end without an answer

// One update holds any single action.
static_assert(opaque_bytes_max < message_bytes_max && payload_bytes_max < message_bytes_max);
static_assert(components_max <= 128, "an entity's components are bits");

}  // namespace limits
}  // namespace sdk
}  // namespace tickrelay
