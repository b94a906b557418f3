// What this player did and the relay has not confirmed. Owned by a Session.
//
// Actions are numbered when they are done. Sets of one component of one entity merge while they wait for the socket;
// once sent they are forgotten here, the newest own values stay in the Mirror's Held. Inputs are forgotten once sent.
// Everything else stays until the relay has applied its number, and is sent again, with its number, after a lost
// connection.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "bounds.h"
#include "layout.h"
#include "schema/protocol_generated.h"
#include "tickrelay/types.h"

namespace tickrelay {
inline namespace sdk {

struct Action {
  wire::ActionKind kind = wire::ActionKind::Set;
  wire::ActionFlags flags{};
  ComponentIndex component = 0;
  std::uint32_t seq = 0;
  EntityId entity = 0;
  std::uint64_t mask = 0;
  std::vector<std::uint8_t> data;  // Set, Spawn: the whole struct (packed when sent), or the opaque value
  std::string type;
  wire::Audience audience = wire::Audience::Default;
  std::vector<std::uint32_t> to;
  std::uint32_t request = 0;
  bool sealed = false;  // Set: something else was done to the entity since, later values may not move before it

  [[nodiscard]] std::size_t bytes() const { return 96 + data.size() + type.size() + to.size() * 4; }
};

class Outbox {
 public:
  [[nodiscard]] std::uint32_t newest_seq() const { return next_seq_ - 1; }
  [[nodiscard]] bool full() const {
    return actions() >= limits::outbox_actions_max || bytes_ >= limits::outbox_bytes_max;
  }
  [[nodiscard]] bool empty() const { return waiting_.empty(); }
  [[nodiscard]] std::size_t actions() const { return waiting_.size() + sent_.size(); }

  // Numbers the action and queues it. REQUIRES: not a Set
  std::uint32_t add(Action action);
  // The number under which the value travels: that of a waiting Set that takes it up, else a new one.
  std::uint32_t set(const Component& component, ComponentIndex index, EntityId entity, std::uint64_t mask, Bytes value);

  // The next message's worth of actions, removed from the queue. The references hold until the next call.
  const std::vector<Action>& take();

  void applied(std::uint32_t seq);  // the relay did, or refused, everything up to here
  // A connection was resumed: everything above applied_seq waits again. Returns the first number that was never sent:
  // own values held below it, save those of spawns(), are to be set again.
  std::uint32_t resume(std::uint32_t applied_seq);
  [[nodiscard]] bool spawns(std::uint32_t seq) const;  // a Spawn of this number is unconfirmed
  // The seat is another one, or the layout: nothing of before makes sense.
  void forget();
  void continue_after(std::uint32_t seq) { next_seq_ = std::max(next_seq_, seq + 1); }

 private:
  void seal(EntityId entity);
  void push(Action action);

  std::uint32_t next_seq_ = 1;
  std::deque<Action> waiting_;  // by number
  std::deque<Action> sent_;     // by number, all below those waiting; to be repeated
  std::vector<Action> taken_;
  std::unordered_map<std::uint64_t, std::uint32_t> sets_;  // component and entity → number of its waiting Set
  std::size_t bytes_ = 0;                                  // of waiting and sent
  std::size_t inputs_ = 0;
};

}  // namespace sdk
}  // namespace tickrelay
