// The plain values that calls of the SDK take and give. All text is UTF-8; all times are seconds.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// An inline namespace: a program may link the relay's library too, whose symbols must not meet these.
namespace tickrelay {
inline namespace sdk {

using Bytes = std::span<const std::uint8_t>;
using EntityId = std::uint32_t;  // 0 is the room itself; never used again within a room
// A seat of a room, from 1; 0 stands for the relay, the room's logic or the match server.
using PlayerNumber = std::uint32_t;

// Who sees an entity that is spawned, in rooms with views.
enum class SeenBy : std::uint8_t { everyone = 0, owner = 1, team = 2 };

enum class Role : std::uint8_t { player = 0, spectator = 1, authority = 2 };

// Close codes of on_drop and on_leave. 4000 to 4399: the SDK comes back by itself; 4400 and above: it stops.
namespace close_code {
inline constexpr std::uint16_t left = 1000;         // leave() was called, or the Client ended
inline constexpr std::uint16_t unreachable = 1006;  // no connection, or it broke without a word
inline constexpr std::uint16_t going_away = 4000;
inline constexpr std::uint16_t moved = 4001;
inline constexpr std::uint16_t restarting = 4002;
inline constexpr std::uint16_t server_error = 4003;
inline constexpr std::uint16_t not_acknowledged = 4004;
inline constexpr std::uint16_t overloaded = 4005;
inline constexpr std::uint16_t protocol_error = 4400;
inline constexpr std::uint16_t bad_ticket = 4401;
inline constexpr std::uint16_t forbidden = 4403;
inline constexpr std::uint16_t room_not_found = 4404;
inline constexpr std::uint16_t unknown_type = 4405;
inline constexpr std::uint16_t incompatible_schema = 4406;
inline constexpr std::uint16_t join_timeout = 4408;
inline constexpr std::uint16_t replaced = 4409;
inline constexpr std::uint16_t room_closed = 4410;
inline constexpr std::uint16_t session_unknown = 4411;
inline constexpr std::uint16_t message_too_large = 4413;
inline constexpr std::uint16_t room_locked = 4423;
inline constexpr std::uint16_t rate_limit = 4429;
inline constexpr std::uint16_t room_full = 4430;
inline constexpr std::uint16_t kicked = 4440;
inline constexpr std::uint16_t banned = 4441;
inline constexpr std::uint16_t logic_failed = 4450;
}  // namespace close_code

struct ClientOptions {
  std::string ca_file{};       // wss: PEM file of further authorities to trust; empty: the system's
  bool insecure_tls = false;   // wss: take any certificate. For development only
  double join_timeout_s = 10;  // from join…() until on_leave, where the relay does not answer
  bool prompt_acks = false;    // hear at every tick which of your actions were applied, not at most every 100 ms
  bool loss_shield = false;    // a second connection with copies of frames: a lost packet costs ms, frames go twice
  bool align_sends = true;     // on_send_tick comes when what it does reaches the relay just before a tick; false: at any phase
};

// Every member has an initializer, so that naming some of them draws no warning in a game's own build.
struct JoinOptions {
  std::string player_id{};  // up to 64 bytes; empty: the relay makes one
  std::string options{};    // JSON up to 4 KiB, shown to everyone in the room and to its logic
  std::string metadata{};   // JSON up to 4 KiB, of a room that this join creates
  Role role = Role::player;
};

// One seat of a room. `entity` is the one that was made for it.
struct Player {
  PlayerNumber number = 0;
  std::string id;  // the player id it joined with
  Role role = Role::player;
  bool connected = false;  // false: its connection is lost, its seat still held
  std::string options;     // JSON given at its join
  EntityId entity = 0;
};

// A message as on_message and on_request get it. The views end with the call-back.
struct Message {
  PlayerNumber player = 0;  // who sent it; 0: the relay, the room's logic or the match server
  std::string_view type;
  Bytes data;
  std::uint32_t request = 0;  // not 0: the sender waits for Room::answer

  [[nodiscard]] std::string_view text() const { return {reinterpret_cast<const char*>(data.data()), data.size()}; }
};

// How a request ended. The views end with the call-back.
struct Answer {
  bool ok = false;
  std::string_view error;  // not ok: "timeout", "left", or a refusal label of PROTOCOL.md
  Bytes data;

  [[nodiscard]] std::string_view text() const { return {reinterpret_cast<const char*>(data.data()), data.size()}; }
};

// Something was not done. `label` is a refusal label of PROTOCOL.md (the relay refused an action) or "bad_usage" (the
// SDK did).
struct Error {
  std::string label;
  std::string detail;        // what, where and the remedy; for people
  std::uint32_t action = 0;  // number that the refused call returned; 0: none
};

struct Reconnected {
  bool rolled_back = false;  // the relay went back to a checkpoint: a stretch of state and messages is lost
};

// To whom a message goes. The default: the logic or the authority where there is one, else the others.
class To {
 public:
  enum class Kind : std::uint8_t { standard = 0, all = 1, others = 2, players = 3, authority = 4 };

  To() = default;
  To(PlayerNumber player) : kind_(Kind::players), players_{player} {}  // NOLINT: send(type, data, 7) reads well
  static To all() { return To(Kind::all); }
  static To others() { return To(Kind::others); }
  static To authority() { return To(Kind::authority); }
  static To players(std::vector<PlayerNumber> numbers) {
    To to(Kind::players);
    to.players_ = std::move(numbers);
    return to;
  }

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] const std::vector<PlayerNumber>& numbers() const { return players_; }

 private:
  explicit To(Kind kind) : kind_(kind) {}
  Kind kind_ = Kind::standard;
  std::vector<PlayerNumber> players_;
};

// Which rooms Client::rooms lists.
struct RoomFilter {
  std::string type{};      // empty: any
  std::string metadata{};  // JSON object whose members must all be equal; empty: any
};

struct RoomEntry {
  std::string room_id;
  std::string type;
  std::uint32_t players = 0;
  std::uint32_t max_players = 0;
  bool locked = false;
  std::string metadata;  // JSON
};

struct RoomList {
  bool ok = false;
  std::string error;  // not ok: why
  std::vector<RoomEntry> rooms;
};

// Counted since the join, over reconnections.
struct Stats {
  std::uint64_t frames = 0;          // state frames applied
  std::uint64_t discarded = 0;       // state frames that did not fit and were not read
  std::uint64_t bytes_received = 0;  // payload of WebSocket messages
  std::uint64_t bytes_sent = 0;
  std::uint64_t reconnects = 0;
  std::uint64_t resyncs = 0;   // times the whole state was asked for
  std::uint64_t copies = 0;    // with loss_shield: state frames that came on the second connection,
  std::uint64_t shielded = 0;  // ... and those of them that came first and were applied
  std::uint32_t early_us = 0;  // how long before its tick the relay read the newest action that it timed; 0: none yet
};

// How a prediction is put right when the relay says what the inputs came to.
struct PredictOptions {
  double smooth_s = 0.1;   // the error is shown fading for so long; 0: it jumps
  double snap_beyond = 0;  // errors larger than this, over the float fields together, jump; 0: none does
};

// The payload of a text. The view lives as long as the text.
inline Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace sdk
}  // namespace tickrelay
