// A seat in a room: what a game reads, writes and hears. Made by Client; joining until on_join or on_leave.
// Every call-back runs inside Client::poll, on the thread that calls it. Nothing here blocks or is thread-safe; nothing
// throws but call-backs: what they throw comes out of Client::poll.
#pragma once

#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "tickrelay/state.h"
#include "tickrelay/types.h"

namespace tickrelay {
inline namespace sdk {

class Session;

// One value that came, changed or went. `value` is the present one, or the last one where it went.
struct Change {
  enum class Kind : std::uint8_t { added = 0, changed = 1, removed = 2 };
  Kind kind = Kind::changed;
  EntityId entity = 0;
  std::string_view component;
  std::uint64_t fields = 0;  // changed: bit i = field i of the component's layout; else all
  Bytes value;
};

// Times, in seconds. now: this machine, from an arbitrary zero. server_now: the room's clock, tick n happens at
// n / tick rate; known to about half a round trip, corrected smoothly, never backwards. render_now: the room's clock
// less delay(): the 99th percentile of how late frames were of late, and one send tick. What to interpolate to, and what a
// player saw when it acted: a logic that rewinds wants it.
class RoomClock {
 public:
  explicit RoomClock(const Session& session) : session_(&session) {}
  [[nodiscard]] double now() const;
  [[nodiscard]] double server_now() const;
  [[nodiscard]] double render_now() const;
  [[nodiscard]] double delay() const;
  [[nodiscard]] std::uint32_t tick_rate() const;  // Hz, 0 before on_join

 private:
  const Session* session_;
};

class Room {
 public:
  enum class Phase : std::uint8_t { joining, joined, dropped, left };

  explicit Room(std::shared_ptr<Session> session);
  ~Room();
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;

  // ---- what it is
  [[nodiscard]] Phase phase() const;
  [[nodiscard]] const std::string& room_id() const;  // empty before on_join
  [[nodiscard]] const std::string& type() const;
  [[nodiscard]] PlayerNumber player() const;  // own seat, 0 before on_join
  [[nodiscard]] const std::string& player_id() const;
  [[nodiscard]] Role role() const;
  [[nodiscard]] EntityId entity() const;  // own seat's entity
  // For Client::reconnect, within the room's grace time, also from another process. Empty before on_join. A secret.
  [[nodiscard]] std::string reconnection_token() const;

  // ---- what it holds
  [[nodiscard]] const State& state() const;
  [[nodiscard]] std::vector<Player> players() const;  // by number
  [[nodiscard]] std::uint32_t tick() const { return state().tick(); }
  [[nodiscard]] const RoomClock& clock() const;
  [[nodiscard]] double latency() const;  // round trip, s; 0 before the first is known
  // The room's clock now less the time of the newest complete tick, s; 0 before a frame.
  [[nodiscard]] double state_age() const;
  [[nodiscard]] const Stats& stats() const;

  // ---- call-backs; several of a kind are called in the order of their registration
  void on_join(std::function<void()> call);
  void on_state_change(std::function<void(const State&)> call);  // after each applied frame; State::tick says which
  // The connection is lost and the SDK is coming back: on_reconnect or on_leave follows.
  void on_drop(std::function<void(std::uint16_t code, const std::string& reason)> call);
  void on_reconnect(std::function<void(const Reconnected&)> call);
  void on_leave(std::function<void(std::uint16_t code, const std::string& reason)> call);  // the end, once
  void on_error(std::function<void(const Error&)> call);
  void on_player_join(std::function<void(const Player&)> call);  // also for those there at the join, yourself included
  void on_player_leave(std::function<void(const Player&, const std::string& reason)> call);
  // "*" hears every type that has no call-back of its own.
  void on_message(std::string type, std::function<void(const Message&)> call);
  // The value that call returns is the answer. One call-back a type; requests without one go to on_message, which may
  // answer().
  void on_request(std::string type, std::function<std::vector<std::uint8_t>(const Message&)> call);

  // For a connection with Role::authority: a player's input, with its number.
  void on_input(std::function<void(const Message&, std::uint32_t number)> call);

  // call(entity, value) when an entity gets, changes, loses a T; on_change's may take the changed fields (bits) third.
  // After a whole frame these tell the difference to what was there before. Own writes are told as well.
  template <class T, class Call>
  void on_add(Call call) {
    listen<T>(Change::Kind::added, std::move(call));
  }
  template <class T, class Call>
  void on_change(Call call) {
    listen<T>(Change::Kind::changed, std::move(call));
  }
  template <class T, class Call>
  void on_remove(Call call) {
    listen<T>(Change::Kind::removed, std::move(call));
  }
  // The same by name, for programs without generated code. "*": every component.
  void on_add(std::string component, std::function<void(const Change&)> call);
  void on_change(std::string component, std::function<void(const Change&)> call);
  void on_remove(std::string component, std::function<void(const Change&)> call);

  // ---- what a player does. Each returns the action's number, 0 where it was not taken up (on_error says why).
  // Everything but inputs and superseded values survives a lost connection and arrives exactly once.
  std::uint32_t send(std::string_view type, Bytes data, const To& to = {});
  std::uint32_t send(std::string_view type, std::string_view text, const To& to = {}) {
    return send(type, bytes_of(text), to);
  }
  // Where it gives a number it ends with one call of `call`: the answer, a refusal, or "timeout" after timeout_s seconds.
  std::uint32_t request(std::string_view type, Bytes data, double timeout_s, std::function<void(const Answer&)> call,
                        const To& to = {});
  // Answers a message with `request` not 0, once, at any time.
  std::uint32_t answer(PlayerNumber player, std::uint32_t request, Bytes data);

  // A new entity of one's own with this first component; 0 where it could not be. It is in the state at once.
  // keep: it stays when its owner leaves. seen_by: in rooms with views; elsewhere everyone sees it or it is refused.
  template <class T>
  EntityId spawn(const T& value, bool keep = false, SeenBy seen_by = SeenBy::everyone) {
    static_assert(!is_table<T>, "tables are spawned by name and bytes");
    return spawn(type_key<T>().name, {reinterpret_cast<const std::uint8_t*>(&value), sizeof(T)}, keep, seen_by);
  }
  EntityId spawn(std::string_view component, Bytes value, bool keep = false, SeenBy seen_by = SeenBy::everyone);

  // Only the fields that differ from what the state shows are sent; nothing where none does (returns the newest
  // number). The state shows the value at once, rounded as the relay will.
  template <class T>
  std::uint32_t set(EntityId entity, const T& value) {
    static_assert(!is_table<T>, "tables are set by name and bytes");
    return set(entity, type_key<T>().name, {reinterpret_cast<const std::uint8_t*>(&value), sizeof(T)});
  }
  // By name: `value` is the FlatBuffers struct (mask: fields to look at, bit i = field i), or an opaque component's
  // value.
  std::uint32_t set(EntityId entity, std::string_view component, Bytes value, std::uint64_t mask = ~std::uint64_t{0});

  // ---- how it feels

  // Keeps the recent past of T (or the component of that name), from now on: for interpolated(). Bounded: a few values per entity.
  template <class T>
  void interpolate() {
    static_assert(!is_table<T>, "a table has no values between two: read it from the state");
    interpolate(type_key<T>().name);
  }
  void interpolate(std::string_view component);
  // The value to draw now: at clock().render_now(), floats along the line, an `angle` the short way, a `quat` as a whole, numbers
  // in steps; where frames are late, on for 250 ms, then held. One's own entities are as in the state, predicted ones as
  // predicted, their error fading. Nothing where the state has none. The bytes hold until the next call.
  template <class T>
  [[nodiscard]] std::optional<T> interpolated(EntityId entity) const {
    return copied<T>(drawn(type_key<T>(), entity));
  }
  [[nodiscard]] Bytes interpolated(EntityId entity, std::string_view component) const;

  // Each input() is at once applied to the entity's T by step(T& value, Bytes input), as the room's logic will; when the relay says
  // how far its value holds these inputs, step does the others again from there. step depends on nothing else: an input holds
  // its own span of time. An input that never arrives (only the newest is sure to) is an error that fades. Most exact with
  // ClientOptions::prompt_acks.
  template <class T, class Step>
  void predict(EntityId entity, Step step, const PredictOptions& options = {}) {
    static_assert(!is_table<T>, "tables are not predicted");
    predict(entity, type_key<T>(), [step = std::move(step)](std::uint8_t* value, Bytes input) mutable {
      step(*reinterpret_cast<T*>(value), input);
    }, options);
  }
  // By name; value: the struct as the room knows it. For programs without generated code.
  void predict(EntityId entity, std::string_view component, std::function<void(std::uint8_t* value, Bytes input)> step,
               const PredictOptions& options = {});
  template <class T>
  void stop_predicting(EntityId entity) {
    stop_predicting(entity, type_key<T>().name);
  }
  void stop_predicting(EntityId entity, std::string_view component);
  // The predicted value without the fading error: for the game's own rules. Nothing where it is not predicted.
  template <class T>
  [[nodiscard]] std::optional<T> predicted(EntityId entity) const {
    return copied<T>(predicted(entity, type_key<T>().name));
  }
  [[nodiscard]] Bytes predicted(EntityId entity, std::string_view component) const;

  // Once a tick, inside Client::poll, when what `call` sets and inputs reaches the relay just before the tick (2 ms, and as
  // much jitter as pays): sample the player's input there. It leaves in the same poll. What is done elsewhere goes at once, as ever.
  // A tick that a slow poll missed is not made up.
  void on_send_tick(std::function<void()> call);
  // Until the next one is due, s: a loop that sleeps no longer than this polls at the right moment. A game that never asks is
  // taken to poll once a frame: the call comes at the last poll before the moment.
  [[nodiscard]] double next_send_tick_s() const;

  std::uint32_t despawn(EntityId entity);
  std::uint32_t claim(EntityId entity);  // become the owner of what is nobody's
  std::uint32_t input(Bytes data);  // up to 1 KiB, for the logic or the authority. Only the newest is sure to be seen
  // State at most so many bytes a second, for a game in the background or a metered line: it comes less often then, and with the
  // budget lifted (0) is whole again within a round trip. Holds over reconnects. Messages are not counted.
  void set_budget(std::uint32_t bytes_per_s);
  void leave();                     // ends in on_leave(1000)

 private:
  template <class T>
  static std::optional<T> copied(Bytes value) {
    if (value.size() < sizeof(T)) return std::nullopt;
    std::optional<T> copy(std::in_place);
    std::memcpy(static_cast<void*>(&*copy), value.data(), sizeof(T));
    return copy;
  }
  [[nodiscard]] Bytes drawn(const TypeKey& type, EntityId entity) const;
  void predict(EntityId entity, const TypeKey& type, std::function<void(std::uint8_t*, Bytes)> step, const PredictOptions& options);
  template <class T, class Call>
  void listen(Change::Kind kind, Call call) {
    listen(kind, type_key<T>(), [call = std::move(call)](const Change& change) mutable {
      if constexpr (is_table<T>) {
        if (const T* value = verified<T>(change.value)) told(call, change, *value);
      } else if (change.value.size() >= sizeof(T)) {
        alignas(T) unsigned char copy[sizeof(T)];  // call may write to the state and so move what is in it
        std::memcpy(copy, change.value.data(), sizeof(T));
        told(call, change, *reinterpret_cast<const T*>(copy));
      }
    });
  }
  template <class T, class Call>
  static void told(Call& call, const Change& change, const T& value) {
    if constexpr (std::is_invocable_v<Call&, EntityId, const T&, std::uint64_t>) {
      call(change.entity, value, change.fields);
    } else {
      call(change.entity, value);
    }
  }
  void listen(Change::Kind kind, const TypeKey& type, std::function<void(const Change&)> call);

  std::shared_ptr<Session> session_;
};

}  // namespace sdk
}  // namespace tickrelay
