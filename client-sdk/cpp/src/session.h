// The protocol of one seat, without sockets and without a clock of its own: bytes and times come in, bytes go to a
// Link. A Client feeds it, a Room shows it.
//
//   session.cpp          the connection's life: join, welcome, drop, come back, leave; what is due when
//   session_receive.cpp  frames, Yours, events
//   session_act.cpp      what the player does
//   session_feel.cpp     what is drawn between frames, predicted, and when to send
//
// Call-backs run inside opened/received/closed/step only. They may do anything but end the Client.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "acks.h"
#include "backoff.h"
#include "compose.h"
#include "decoder.h"
#include "listeners.h"
#include "mirror.h"
#include "outbox.h"
#include "predictions.h"
#include "relay_link.h"
#include "requests.h"
#include "roster.h"
#include "seat.h"
#include "send_phase.h"
#include "server_clock.h"
#include "shield.h"
#include "snapshots.h"
#include "tickrelay/room.h"
#include "url.h"

namespace tickrelay {
inline namespace sdk {

class Session final : public LinkListener {
 public:
  using Phase = Room::Phase;

  // url: as given to the Client; a bad one ends the session at its first step.
  Session(const std::string& url, JoinRequest request, ClientOptions options, std::uint64_t seed, std::int64_t now_us);

  // ---- for Client
  [[nodiscard]] bool wants_link(std::int64_t now_us) const {
    return !link_ && phase_ != Phase::left && dial_us_ <= now_us;
  }
  [[nodiscard]] const Url& url() const { return url_; }
  [[nodiscard]] Shield& shield() { return shield_; }  // wants a link of its own
  // nullptr: it could not even be tried.
  void dialled(std::unique_ptr<Link> link, std::int64_t now_us);
  void step(std::int64_t
                now_us);  // once a poll, after what was received: timers, own changes, errors; then everything is sent
  void shut();            // the Client ends: says goodbye without call-backs
  void opened(std::int64_t now_us) override;
  void received(Bytes message, std::int64_t now_us) override;
  void closed(std::uint16_t code, const std::string& reason, std::int64_t now_us) override;

  // ---- for Room
  [[nodiscard]] Phase phase() const { return phase_; }
  [[nodiscard]] const Seat& seat() const { return seat_; }
  [[nodiscard]] const State& state() const { return state_; }
  [[nodiscard]] const Roster& roster() const { return roster_; }
  [[nodiscard]] const ServerClock& server_clock() const { return clock_; }
  [[nodiscard]] const RoomClock& room_clock() const { return room_clock_; }
  [[nodiscard]] const Stats& stats() const { return stats_; }
  [[nodiscard]] Listeners& listeners() { return listeners_; }
  [[nodiscard]] Mirror& mirror() { return mirror_; }
  [[nodiscard]] double state_age_s(std::int64_t now_us) const;
  std::uint32_t send(std::string_view type, Bytes data, const To& to, bool wants_answer = false);
  std::uint32_t request(std::string_view type, Bytes data, std::int64_t deadline_us, Requests::Call call, const To& to);
  std::uint32_t answer(PlayerNumber player, std::uint32_t request, Bytes data);
  EntityId spawn(std::string_view component, Bytes value, bool keep, SeenBy seen_by);
  std::uint32_t set(EntityId entity, std::string_view component, Bytes value, std::uint64_t mask);
  std::uint32_t despawn(EntityId entity) { return act_on(wire::ActionKind::Despawn, entity); }
  std::uint32_t claim(EntityId entity) { return act_on(wire::ActionKind::Claim, entity); }
  std::uint32_t input(Bytes data);
  void leave();
  void set_budget(std::uint32_t bytes_per_s);
  void interpolate(std::string_view component);
  void predict(std::string_view component, std::size_t bytes, EntityId entity, Predictions::Step step, const PredictOptions& options);
  [[nodiscard]] int index_of(std::string_view component) const;  // -1: none
  [[nodiscard]] Bytes drawn(int component, EntityId entity, std::int64_t now_us);
  [[nodiscard]] Bytes predicted(std::string_view component, EntityId entity);
  [[nodiscard]] std::int64_t next_send_us(std::int64_t now_us) const;

 private:
  // session.cpp
  void welcome(const wire::Welcome& welcome, std::int64_t now_us);
  bool take_layout(const wire::Welcome& welcome, std::int64_t now_us);
  void take_seat(const wire::Welcome& welcome);
  void continue_from(const wire::Welcome& welcome);
  void repeat_sets(std::uint32_t first_unsent, std::uint32_t applied_seq);
  void lost(std::uint16_t code, const std::string& reason, std::int64_t now_us);
  void give_up(std::uint16_t code, const std::string& reason);  // closes the Link with it and ends
  void end(std::uint16_t code, const std::string& reason);
  void watch_time(std::int64_t now_us);
  [[nodiscard]] bool is_silent(std::int64_t now_us);
  void flush(std::int64_t now_us);
  void write(Bytes message);
  [[nodiscard]] bool may_retry(std::uint16_t code) const;
  [[nodiscard]] std::int64_t pause_us(std::uint16_t code, const std::string& reason);

  // session_receive.cpp
  void receive_message(const wire::Message& message, Bytes bytes, std::int64_t now_us);
  enum class Way { first, shield };  // on which connection
  void receive_frame(const wire::StateFrame& frame, Way way, std::int64_t now_us);
  bool receive_copy(Bytes bytes, std::int64_t now_us);
  void deliver_events(const wire::StateFrame& frame);
  void note_applied(bool at_once, std::int64_t now_us);
  void ask_for_whole(std::uint32_t tick, std::int64_t now_us);
  bool fits(const wire::StateFrame& frame, std::uint32_t base) const;
  void applied(const wire::StateFrame& frame, bool yours, Way way, std::int64_t now_us);
  void receive_pong(const wire::Pong& pong, std::int64_t now_us);
  void receive_yours(const wire::Yours& yours, Bytes bytes, std::int64_t now_us);
  void take_yours(const wire::Yours& yours, std::int64_t now_us);
  void deliver_direct(const wire::Yours& yours, std::int64_t now_us);
  void deliver_changes(std::int64_t now_us);
  void deliver(const wire::Event& event);
  void deliver_message(const wire::Event& event);
  void deliver_failure(const wire::Event& event);
  // What a call-back throws leaves poll() once all that came with it is told: the rest would never come again.
  template <typename Call>
  void guarded(Call call) {
    try {
      call();
    } catch (...) {
      if (!thrown_) thrown_ = std::current_exception();
    }
  }
  void rethrow() {
    if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
  }

  // session_feel.cpp
  void put_right(const wire::Yours* yours, Way way, std::int64_t now_us);
  void begin_feel(bool same_time, std::int64_t now_us);
  void send_tick(std::int64_t now_us);
  [[nodiscard]] std::int64_t send_clock_us(std::int64_t now_us) const;

  // session_act.cpp
  std::uint32_t act_on(wire::ActionKind kind, EntityId entity);
  std::uint32_t queued(Action action);
  bool may_act(std::string_view what);
  // The component's index, the struct in its full size and quantised in `value_`, and in `mask` which fields of it
  // count; -1: reported.
  int prepare(std::string_view component, Bytes value, std::uint64_t& mask, std::optional<EntityId> entity);
  std::uint64_t complete_quats(const Component& component, std::uint64_t mask, Bytes shown);
  std::uint32_t refuse(std::string detail);

  ClientOptions options_;
  JoinRequest request_;
  Url url_;   // where the room is, as far as it was told
  Url home_;  // as given: where it asks again when nobody answers there, or the room is not there now
  std::string url_fault_;
  Phase phase_ = Phase::joining;
  std::unique_ptr<Link> link_;
  bool open_ = false;      // the Link is
  bool welcomed_ = false;  // ... and the relay answered on it
  bool leaving_ = false;
  bool said_leave_ = false;
  bool moved_ = false;  // the relay said where to go on
  int moves_ = 0;
  std::int64_t dial_us_ = 0;     // not before
  std::int64_t asked_us_ = 0;    // this connection was begun, or the Join sent on it
  std::int64_t joining_us_ = 0;  // the first try began
  std::int64_t dropped_us_ = 0;  // the seat lost its connection
  std::int64_t welcomed_us_ = 0;
  std::int64_t heard_us_ = 0;  // anything at all
  std::uint64_t arrived_ = 0;  // the link's bytes at the last look; 0: none since something was heard
  std::int64_t looked_us_ = 0;
  std::int64_t leave_us_ = 0;  // leave() was called, as seen by step
  std::int64_t ping_us_ = 0;   // next
  int pings_ = 0;              // on this connection

  Have have_;
  std::uint32_t complete_tick_ = 0;  // state age counts from here
  Seat seat_;
  Mirror mirror_;
  State state_{mirror_};
  RoomClock room_clock_{*this};
  wire::Codec codec_{};
  std::unique_ptr<Decoder> decoder_;
  std::uint32_t budget_ = 0;
  std::int64_t resync_us_ = 0;  // when the whole was asked for; 0: it was not, or the relay answered
  std::vector<std::uint8_t> yours_;  // a Yours that waits for its frame, as it came
  Outbox outbox_;
  std::uint32_t acted_direct_ = 0;  // the direct messages that were there when the newest action was done
  Acks acks_;
  Requests requests_;
  Roster roster_;
  ServerClock clock_;
  Snapshots snapshots_;
  Predictions predictions_;
  SendPhase send_phase_;
  Backoff backoff_;
  Composer composer_;
  Listeners listeners_;
  Shield shield_;
  Stats stats_;
  std::vector<Error> errors_;        // to be told
  std::exception_ptr thrown_;        // by a call-back, the first
  std::vector<std::uint8_t> value_;  // scratch
};

std::string_view label_of(std::uint16_t close_code);

}  // namespace sdk
}  // namespace tickrelay
