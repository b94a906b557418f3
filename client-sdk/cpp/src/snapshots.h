// The recent past of the values that a game wants to draw between frames: per entity a few snapshots, and the value at any
// moment among them. Owned by a Session. Times are µs of the relay's clock.
//
// Bounded: only components that were asked for, only entities of others, at most limits::snapshots_max each.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "held.h"
#include "mirror.h"

namespace tickrelay {
inline namespace sdk {

class Snapshots {
 public:
  // By name, for good; takes effect where there is a layout, else with attach. False: the component is a table.
  bool ask(std::string_view name, Mirror& mirror, std::int64_t tick_us);
  // The layout is there, or another one.
  void attach(Mirror& mirror);
  void clear() { tracks_.clear(); }
  [[nodiscard]] bool empty() const { return asked_.empty(); }

  // A frame was applied that took the state from base_us to tick_us. render_us: nothing before it is drawn any more.
  void frame(std::int64_t base_us, std::int64_t tick_us, std::int64_t render_us);
  // What it changed. own: this player's entities are not kept.
  void note(const std::vector<MirrorChange>& changes, const Mirror& mirror, PlayerNumber own);

  // Empty: nothing is kept of it, the state's value is the one to draw. Holds until the next call.
  [[nodiscard]] Bytes at(const Mirror& mirror, ComponentIndex component, EntityId entity, std::int64_t time_us) const;

 private:
  struct Track {
    std::vector<std::int64_t> times;
    std::vector<std::uint8_t> values;  // times × component bytes

    void push(std::int64_t time_us, Bytes value);
    void drop_front(std::size_t count, std::size_t bytes);
  };
  void note_one(const MirrorChange& change, const Mirror& mirror, PlayerNumber own);
  void seed(ComponentIndex component, const Mirror& mirror, std::int64_t tick_us);

  std::vector<std::string> asked_;
  std::vector<bool> kept_;  // by component
  std::unordered_map<Held::Key, Track> tracks_;
  std::int64_t base_us_ = 0;
  std::int64_t tick_us_ = 0;
  std::int64_t render_us_ = 0;
  mutable std::vector<std::uint8_t> blended_;
};

}  // namespace sdk
}  // namespace tickrelay
