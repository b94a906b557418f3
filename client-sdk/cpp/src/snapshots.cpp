#include "snapshots.h"

#include <algorithm>

#include "blend.h"
#include "bounds.h"

namespace tickrelay {
inline namespace sdk {

void Snapshots::Track::push(std::int64_t time_us, Bytes value) {
  if (!times.empty() && times.back() == time_us) {
    std::copy(value.begin(), value.end(), values.end() - static_cast<std::ptrdiff_t>(value.size()));
    return;
  }
  times.push_back(time_us);
  values.insert(values.end(), value.begin(), value.end());
}

void Snapshots::Track::drop_front(std::size_t count, std::size_t bytes) {
  times.erase(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(count));
  values.erase(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(count * bytes));
}

bool Snapshots::ask(std::string_view name, Mirror& mirror, std::int64_t tick_us) {
  if (std::ranges::find(asked_, name) != asked_.end()) return true;
  if (mirror.layout()) {
    const int index = mirror.layout()->find(name);
    if (index >= 0 && mirror.layout()->component(static_cast<ComponentIndex>(index)).opaque()) return false;
  }
  asked_.emplace_back(name);
  attach(mirror);
  const int index = mirror.layout() ? mirror.layout()->find(name) : -1;
  if (index >= 0) seed(static_cast<ComponentIndex>(index), mirror, tick_us);
  return true;
}

void Snapshots::attach(Mirror& mirror) {
  if (!mirror.layout()) return;
  kept_.assign(mirror.layout()->size(), false);
  for (const std::string& name : asked_) {
    const int index = mirror.layout()->find(name);
    if (index < 0 || mirror.layout()->component(static_cast<ComponentIndex>(index)).opaque()) continue;
    kept_[static_cast<std::size_t>(index)] = true;
    mirror.watch(static_cast<ComponentIndex>(index));
  }
}

void Snapshots::seed(ComponentIndex component, const Mirror& mirror, std::int64_t tick_us) {
  for (const EntityId entity : mirror.with(component))
    tracks_[Held::key(component, entity)].push(tick_us, mirror.value(component, entity));
}

void Snapshots::frame(std::int64_t base_us, std::int64_t tick_us, std::int64_t render_us) {
  base_us_ = base_us;
  tick_us_ = tick_us;
  render_us_ = render_us;
}

void Snapshots::note(const std::vector<MirrorChange>& changes, const Mirror& mirror, PlayerNumber own) {
  for (const MirrorChange& change : changes)
    if (change.component < kept_.size() && kept_[change.component]) note_one(change, mirror, own);
}

void Snapshots::note_one(const MirrorChange& change, const Mirror& mirror, PlayerNumber own) {
  const Held::Key key = Held::key(change.component, change.entity);
  const Bytes value = mirror.value(change.component, change.entity);
  if (change.kind == Change::Kind::removed || value.empty() || State(mirror).owner(change.entity) == own) {
    tracks_.erase(key);
    return;
  }
  Track& track = tracks_[key];
  if (change.kind == Change::Kind::added) track = {};
  // It rested since its last snapshot, up to where this frame begins: it did not creep all the while.
  if (!track.times.empty() && track.times.back() < base_us_) {
    const std::vector<std::uint8_t> before(track.values.end() - static_cast<std::ptrdiff_t>(value.size()), track.values.end());
    track.push(base_us_, before);
  }
  track.push(tick_us_, value);
  std::size_t past = track.times.size() > limits::snapshots_max ? track.times.size() - limits::snapshots_max : 0;
  while (past + 1 < track.times.size() && track.times[past + 1] <= render_us_) ++past;
  if (past != 0) track.drop_front(past, value.size());
}

Bytes Snapshots::at(const Mirror& mirror, ComponentIndex component, EntityId entity, std::int64_t time_us) const {
  const auto found = tracks_.find(Held::key(component, entity));
  if (found == tracks_.end()) return {};
  const Track& track = found->second;
  const Component& shape = mirror.layout()->component(component);
  const auto value = [&](std::size_t i) { return track.values.data() + i * shape.bytes; };
  const auto after = static_cast<std::size_t>(std::ranges::upper_bound(track.times, time_us) - track.times.begin());
  if (after == 0) return {value(0), shape.bytes};
  const std::size_t last = track.times.size() - 1;
  // Newer frames left it where it is: it rests. Else it is on its way and the next frame is late.
  const bool moves = track.times.back() == tick_us_ && last != 0;
  if (after > last && !moves) return {value(last), shape.bytes};
  const std::size_t to = std::min(after, last);
  const double span = static_cast<double>(track.times[to] - track.times[to - 1]);
  const std::int64_t until_us = std::min(time_us, track.times[last] + limits::extrapolation_us);
  blended_.resize(shape.bytes);
  blend(shape, value(to - 1), value(to), static_cast<double>(until_us - track.times[to - 1]) / span, blended_.data());
  return blended_;
}

}  // namespace sdk
}  // namespace tickrelay
