// What Welcome told about this player's place in the room. Owned by a Session.
#pragma once

#include <cstdint>
#include <string>

#include "id_blocks.h"
#include "tickrelay/types.h"

namespace tickrelay {
inline namespace sdk {

struct Seat {
  std::string room_id;
  std::string type;
  PlayerNumber player = 0;
  std::string player_id;
  Role role = Role::player;
  EntityId entity = 0;
  std::string session;
  std::uint32_t tick_rate = 0;  // Hz
  std::uint32_t send_rate = 0;
  std::int64_t tick_zero_us = 0;  // relay's clock
  std::int64_t grace_us = 0;
  bool inputs_answered = false;   // by an authority: Yours.answered_seq counts for predictions
  IdBlocks ids;

  [[nodiscard]] std::int64_t tick_us(std::uint32_t tick) const {
    return tick_rate == 0 ? 0 : tick_zero_us + static_cast<std::int64_t>(tick) * 1'000'000 / tick_rate;
  }
};

}  // namespace sdk
}  // namespace tickrelay
