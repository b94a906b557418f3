// A player, spectator or authority as PROTOCOL.md describes one, on a simulated connection. Knows no code of the SDK or the relay;
// holds everything it gets against the truth.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "mirror.h"
#include "network.h"
#include "truth.h"

namespace tickrelay::sim {

struct Paper;

// What the simulator decides for a client.
struct Habits {
  wire::Role role = wire::Role::Player;
  std::int64_t poll_ns = 16 * ms;
  double act_chance = 0.5;      // per poll
  double message_share = 0.05;  // of actions
  bool prompt_acks = false;
  bool hostile = false;
  bool shield = false;    // wants a second connection
  bool mute = false;      // connects and says nothing
  std::string ticket;
  bool by_ticket_alone = false;  // its room is the ticket's
  std::string type;       // of room
  std::string room_id;    // not empty: ById
  std::string player_id;  // may be another's: a takeover
};

struct Sending {  // as sent; kept until it is confirmed
  wire::ActionKind kind{};
  wire::ActionFlags flags{};
  std::uint16_t component = 0;
  std::uint32_t seq = 0;
  std::uint32_t entity = 0;
  std::uint64_t mask = 0;
  std::string data{};
  std::string type{};
  wire::Audience audience{};
  std::vector<std::uint32_t> to{};
  std::uint32_t request = 0;
};

class Client {
 public:
  enum class Phase : std::uint8_t { idle, joining, seated, done };

  Client(Habits habits, const std::int64_t& now_ns, Random random, Truth& truth, Tally& tally)
      : habits_(std::move(habits)), now_ns_(now_ns), random_(random), truth_(truth), tally_(tally) {}

  // ---- lifecycle (client.cpp)
  void join(WirePointer wire, bool resume);
  void poll();
  void lost();  // the connection was dropped under it
  void leave();
  void ask_for_whole();
  void ask_for(std::uint32_t bytes_per_s);

  // ---- the second connection (client_shield.cpp)
  [[nodiscard]] bool wants_shield() const {
    return phase_ == Phase::seated && habits_.shield && !leaving_ && !shield_ && now_ns_ >= shield_at_ns_;
  }
  void raise_shield(WirePointer wire);
  void lose_shield();
  [[nodiscard]] const WirePointer& shield() const { return shield_; }

  [[nodiscard]] Phase phase() const { return phase_; }
  [[nodiscard]] bool can_resume() const { return !session_.empty(); }
  [[nodiscard]] const std::string& room_id() const { return room_id_; }
  [[nodiscard]] const std::string& player_id() const { return player_id_; }
  [[nodiscard]] std::uint32_t player() const { return player_; }
  [[nodiscard]] const WirePointer& wire() const { return wire_; }
  [[nodiscard]] const Mirror& mirror() const { return mirror_; }
  [[nodiscard]] std::uint32_t event() const { return event_; }
  [[nodiscard]] std::uint32_t direct() const { return direct_; }
  [[nodiscard]] std::uint32_t applied_seq() const { return applied_seq_; }
  [[nodiscard]] std::size_t unconfirmed() const { return unconfirmed_.size(); }
  [[nodiscard]] bool hostile() const { return habits_.hostile; }
  [[nodiscard]] wire::Role role() const { return habits_.role; }
  [[nodiscard]] std::uint16_t closed_with() const { return closed_with_; }
  Habits& habits() { return habits_; }
  [[nodiscard]] const Habits& habits() const { return habits_; }
  // At the end: what it said is in the room exactly once.
  void check_said() const;

  // Switches of the simulator.
  bool acts = true;
  bool may_pace = true;
  bool only_sets = false;
  bool messages = true;
  bool reading = true;  // false: its program hangs
  bool acknowledging = true;
  double read_bytes_per_s = 0;  // not 0: its program reads slowly
  bool may_be_replaced = false;
  bool may_be_banned = false;
  const Paper* paper = nullptr;         // its ticket
  std::int64_t first_message_ns = 0;    // how long it may be mute
  std::int64_t silent_since_ns = -1;
  const Layout* layout = nullptr;  // of its room, for quantisation
  bool large_messages = true;      // a slow room needs long for them: 8 KiB a frame
  bool hides = false;              // its room has views
  bool room_is_players = true;     // authority `player`, and it means what it writes

 private:
  void closed(std::uint16_t code, std::string_view reason);
  [[nodiscard]] bool expects(std::uint16_t code);

  // ---- client_receive.cpp
  void read_bytes();
  void parse();
  void message(std::string_view payload);
  void welcome(const wire::Welcome& welcome);
  void check_ticket(const wire::Welcome& welcome);
  void continue_in_term(const wire::Welcome& welcome);
  void forget_lost(std::uint32_t applied_seq);
  void state(const wire::StateFrame& frame);
  void apply(const wire::StateFrame& frame);
  [[nodiscard]] EventNumber held_event(Tick tick) const;
  [[nodiscard]] bool goes_unseen(Tick tick) const;
  void events(const wire::StateFrame& frame);

  struct Cut {
    std::string payload;
    bool close;
  };
  static std::optional<Cut> cut_message(std::string& inbox);
  static std::vector<std::uint64_t> align(std::string_view payload);

  // ---- client_yours.cpp
  void apply_yours(const wire::Yours& yours);
  void direct_events(const wire::Yours& yours);
  void confirm(std::uint32_t applied_seq);
  void check_written();
  [[nodiscard]] bool was_refused(std::uint32_t seq) const;

  // ---- client_shield.cpp
  void lower_shield();
  void read_shield();
  void copy(const std::string& payload);
  void acknowledge_on_shield();

  // ---- client_act.cpp
  void act();
  bool act_once();
  void set_something();
  void spawn_something();
  void say_something();
  void be_hostile();
  void push(Sending action);
  void expect(const Sending& action);
  std::string random_value(std::uint16_t component, std::uint64_t mask);
  std::optional<std::uint32_t> own_entity();
  void send_update(std::size_t from_action);
  void send_bytes(std::span<const std::uint8_t> bytes, const WirePointer& wire);
  template <typename Build>
  void send_message(wire::Body type, Build build);

  Habits habits_;
  const std::int64_t& now_ns_;
  Random random_;
  Truth& truth_;
  Tally& tally_;
  Phase phase_ = Phase::idle;
  WirePointer wire_;
  std::uint32_t had_ = 0;  // the tick it had at its last poll,
  std::int64_t had_since_ns_ = 0;
  bool resuming_ = false;
  bool leaving_ = false;
  bool misbehaved_ = false;
  bool forged_ = false;       // its session
  bool missed_direct_ = false;
  std::int64_t joined_ns_ = 0;
  bool said_hello_ = false;  // a frame came on this connection
  std::int64_t next_poll_ns_ = 0;
  std::int64_t read_at_ns_ = 0;
  double read_allowance_ = 0;
  std::string inbox_;  // bytes of the stream
  std::uint16_t closed_with_ = 0;

  WirePointer shield_;
  std::string shield_inbox_;
  bool shield_taken_ = false;  // a copy came on it
  bool passed_ = false;        // a copy was applied on this first connection
  std::int64_t shield_at_ns_ = 0;

  wire::Codec codec_{};
  bool paced_ = false;  // asked for less than there is
  std::int64_t may_ask_ns_ = 0;
  bool lost_ = false;  // asked for the whole: nothing counts until the relay says so
  Shape shape_;
  Mirror mirror_;
  std::string held_;  // a Yours that waits for its frame
  std::string room_id_;
  std::string session_;
  std::string player_id_;
  std::uint32_t player_ = 0;
  std::uint32_t entity_ = 0;
  std::uint32_t term_ = 0;
  std::uint32_t event_ = 0;
  std::uint32_t came_term_ = 0, came_event_ = 0;  // of its Welcome that was no resume's
  std::size_t leaps_known_ = 0;                   // made before it came
  std::uint32_t direct_ = 0;
  std::uint32_t applied_seq_ = 0;
  std::uint32_t next_seq_ = 1;
  std::uint32_t said_from_ = 0;  // applied_seq when this client took the seat
  std::int64_t ack_interval_ns_ = 100 * ms;
  std::int64_t acknowledge_at_ns_ = -1;
  struct Block {
    std::uint32_t next = 0, end = 0;
  };
  std::deque<Block> blocks_;
  std::uint32_t last_spawned_ = 0;

  std::deque<Sending> unconfirmed_;
  std::size_t unsent_ = 0;  // how many of them, from the back
  std::vector<std::uint32_t> said_;
  std::set<std::uint32_t> refused_;
  // What own entities must show: field (all of an opaque one: 0) → writes in order.
  struct Key {
    std::uint32_t entity;
    std::uint16_t component, field;
    auto operator<=>(const Key&) const = default;
  };
  struct Write {
    std::uint32_t seq;
    std::string bytes;
  };
  std::map<Key, std::vector<Write>> written_;
  std::map<std::uint32_t, std::uint32_t> spawned_;    // entity → seq, until confirmed
  std::map<std::uint32_t, std::uint32_t> despawned_;  // entity → seq
  flatbuffers::FlatBufferBuilder builder_;
};

}  // namespace tickrelay::sim
