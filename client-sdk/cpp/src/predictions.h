// Client-side prediction: values that follow the player's inputs at once, and are put right when the relay says what these came
// to. Owned by a Session. Times are µs of this machine.
//
// What is right is a pair, of one tick: the relay's value and the number up to which inputs are in it. It is taken only where
// both are known (confirm); then the inputs above are done once more. What the relay never got leaves with the next confirmed
// number above its own, and its error fades like any other.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "blend.h"
#include "mirror.h"
#include "tickrelay/room.h"

namespace tickrelay {
inline namespace sdk {

class Predictions {
 public:
  using Step = std::function<void(std::uint8_t* value, Bytes input)>;  // value: the struct, as the room has it

  [[nodiscard]] bool empty() const { return all_.empty(); }
  // bytes: of the game's struct; the room's may be longer. An empty step ends it.
  void set(std::string_view component, std::size_t bytes, EntityId entity, Step step, const PredictOptions& options);

  void input(std::uint32_t seq, Bytes data, const Mirror& mirror);
  // The mirror's values are of a tick that holds the inputs up to applied_seq.
  void confirm(std::uint32_t applied_seq, const Mirror& mirror, std::int64_t now_us);
  // Every input there was is in some confirmed tick: any frame's values are right.
  [[nodiscard]] bool settled() const { return pending_.empty(); }
  // A lost connection took what was sent and not applied with it.
  void forget(std::uint32_t above_seq, std::uint32_t below_seq);
  void clear() { pending_.clear(); }

  // Empty: not predicted, or the entity has no such component. `value` holds until the next call of any but itself.
  [[nodiscard]] Bytes value(ComponentIndex component, EntityId entity, const Mirror& mirror);
  [[nodiscard]] Bytes shown(ComponentIndex component, EntityId entity, const Mirror& mirror, std::int64_t now_us);

 private:
  struct Prediction {
    std::string component;
    EntityId entity = 0;
    std::size_t bytes = 0;
    Step step;
    PredictOptions options;
    std::vector<std::uint8_t> value;  // empty: it has not begun
    Gap error;                        // shown less value, when it was put right
    std::int64_t righted_us = 0;
  };
  struct Input {
    std::uint32_t seq;
    std::vector<std::uint8_t> data;
  };
  // Its component where there is such a value now; nullptr: it has ended, or not begun.
  static const Component* begin(Prediction& prediction, const Mirror& mirror);
  Prediction* find(ComponentIndex component, EntityId entity, const Mirror& mirror);
  void put_right(Prediction& prediction, const Mirror& mirror, std::int64_t now_us);
  void show(const Prediction& prediction, const Component& shape, std::int64_t now_us);

  std::vector<Prediction> all_;
  std::deque<Input> pending_;  // by number
  std::vector<std::uint8_t> shown_;
};

}  // namespace sdk
}  // namespace tickrelay
