#include "session.h"

#include <algorithm>

namespace tickrelay {
inline namespace sdk {

void Session::interpolate(std::string_view component) {
  if (snapshots_.ask(component, mirror_, seat_.tick_us(have_.tick))) return;
  refuse("interpolate '" + std::string(component) + "': a table has no values between two; read it from the state");
}

int Session::index_of(std::string_view component) const { return mirror_.layout() ? mirror_.layout()->find(component) : -1; }

Bytes Session::drawn(int component, EntityId entity, std::int64_t now_us) {
  if (component < 0) return {};
  const auto index = static_cast<ComponentIndex>(component);
  if (const Bytes shown = predictions_.shown(index, entity, mirror_, now_us); !shown.empty()) return shown;
  if (state_.owner(entity) != seat_.player) {
    const Bytes between = snapshots_.at(mirror_, index, entity, clock_.render_us(now_us));
    if (!between.empty()) return between;
  }
  return mirror_.value(index, entity);
}

void Session::predict(std::string_view component, std::size_t bytes, EntityId entity, Predictions::Step step,
                      const PredictOptions& options) {
  predictions_.set(component, bytes, entity, std::move(step), options);
}

Bytes Session::predicted(std::string_view component, EntityId entity) {
  const int index = index_of(component);
  return index < 0 ? Bytes{} : predictions_.value(static_cast<ComponentIndex>(index), entity, mirror_);
}

// Where the tick that the state is of tells how far inputs are in it. Yours says so. With prompt acknowledgements its absence says
// that none was applied since; a shield's copy comes without it either way.
void Session::put_right(const wire::Yours* yours, Way way, std::int64_t now_us) {
  if (predictions_.empty()) return;
  const bool told = yours && yours->head()->tick() == have_.tick;
  const bool none_since = !yours && options_.prompt_acks && way == Way::first;
  if (told) {
    predictions_.confirm(seat_.inputs_answered ? yours->answered_seq() : yours->head()->applied_seq(), mirror_, now_us);
  } else if (none_since || predictions_.settled()) {
    predictions_.confirm(0, mirror_, now_us);
  }
}

// ------------------------------------------------------------------------------------------------------ when to send

// After a Welcome. same_time: the clock and what was learned hold.
void Session::begin_feel(bool same_time, std::int64_t now_us) {
  if (!same_time) snapshots_.clear();
  if (same_time && send_phase_.started()) return;
  const std::int64_t period_us = 1'000'000 / std::max<std::uint32_t>(seat_.tick_rate, 1);
  send_phase_.start(options_.align_sends ? seat_.tick_zero_us : now_us, period_us, options_.align_sends, clock_.round_trip_us());
}

std::int64_t Session::send_clock_us(std::int64_t now_us) const {
  return send_phase_.aligned() ? clock_.relay_us(now_us) : now_us;
}

void Session::send_tick(std::int64_t now_us) {
  if (phase_ == Phase::joined && welcomed_ && send_phase_.due(now_us, send_clock_us(now_us))) listeners_.send_tick();
}

std::int64_t Session::next_send_us(std::int64_t now_us) const { return send_phase_.next_us(send_clock_us(now_us)); }

}  // namespace sdk
}  // namespace tickrelay
