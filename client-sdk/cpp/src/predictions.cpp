#include "predictions.h"

#include <algorithm>
#include <cmath>

#include "bounds.h"

namespace tickrelay {
inline namespace sdk {
namespace {

constexpr double fade = 3;  // after smooth_s 1/e³, 5 % of an error, is left

}  // namespace

void Predictions::set(std::string_view component, std::size_t bytes, EntityId entity, Step step, const PredictOptions& options) {
  std::erase_if(all_, [&](const Prediction& each) { return each.component == component && each.entity == entity; });
  if (step) all_.push_back({std::string(component), entity, bytes, std::move(step), options, {}, {}, 0});
  if (all_.empty()) pending_.clear();
}

const Component* Predictions::begin(Prediction& prediction, const Mirror& mirror) {
  const int index = mirror.layout() ? mirror.layout()->find(prediction.component) : -1;
  const Bytes now = index < 0 ? Bytes{} : mirror.value(static_cast<ComponentIndex>(index), prediction.entity);
  if (now.size() < prediction.bytes || now.empty()) {
    prediction.value.clear();
    return nullptr;
  }
  if (prediction.value.size() != now.size()) {
    prediction.value.assign(now.begin(), now.end());
    prediction.error.clear();
  }
  return &mirror.layout()->component(static_cast<ComponentIndex>(index));
}

void Predictions::input(std::uint32_t seq, Bytes data, const Mirror& mirror) {
  if (all_.empty()) return;
  if (pending_.size() == limits::predicted_inputs_max) pending_.pop_front();
  pending_.push_back({seq, {data.begin(), data.end()}});
  for (Prediction& each : all_)
    if (begin(each, mirror)) each.step(each.value.data(), data);
}

void Predictions::confirm(std::uint32_t applied_seq, const Mirror& mirror, std::int64_t now_us) {
  while (!pending_.empty() && pending_.front().seq <= applied_seq) pending_.pop_front();
  for (Prediction& each : all_) put_right(each, mirror, now_us);
}

void Predictions::put_right(Prediction& prediction, const Mirror& mirror, std::int64_t now_us) {
  const bool new_here = prediction.value.empty();
  const Component* shape = begin(prediction, mirror);
  if (shape == nullptr) return;
  show(prediction, *shape, now_us);
  const Bytes truth = mirror.value(static_cast<ComponentIndex>(mirror.layout()->find(prediction.component)), prediction.entity);
  prediction.value.assign(truth.begin(), truth.end());
  for (const Input& input : pending_) prediction.step(prediction.value.data(), input.data);
  prediction.righted_us = now_us;
  if (new_here) return prediction.error.clear();
  gap_between(*shape, prediction.value.data(), shown_.data(), prediction.error);
  const double limit = prediction.options.snap_beyond;
  if (limit > 0 && length_of(prediction.error) > limit) prediction.error.clear();
}

void Predictions::show(const Prediction& prediction, const Component& shape, std::int64_t now_us) {
  shown_ = prediction.value;
  const double smooth_us = prediction.options.smooth_s * 1e6;
  if (prediction.error.empty() || smooth_us <= 0) return;
  const double passed_us = static_cast<double>(std::max<std::int64_t>(now_us - prediction.righted_us, 0));
  add_gap(shape, prediction.error, std::exp(-fade * passed_us / smooth_us), shown_.data());
}

void Predictions::forget(std::uint32_t above_seq, std::uint32_t below_seq) {
  std::erase_if(pending_, [&](const Input& input) { return input.seq > above_seq && input.seq < below_seq; });
}

Predictions::Prediction* Predictions::find(ComponentIndex component, EntityId entity, const Mirror& mirror) {
  const auto found = std::ranges::find_if(all_, [&](const Prediction& each) {
    return each.entity == entity && mirror.layout() && mirror.layout()->component(component).name == each.component;
  });
  return found == all_.end() ? nullptr : &*found;
}

Bytes Predictions::value(ComponentIndex component, EntityId entity, const Mirror& mirror) {
  Prediction* prediction = find(component, entity, mirror);
  return prediction && begin(*prediction, mirror) ? Bytes(prediction->value) : Bytes{};
}

Bytes Predictions::shown(ComponentIndex component, EntityId entity, const Mirror& mirror, std::int64_t now_us) {
  Prediction* prediction = find(component, entity, mirror);
  const Component* shape = prediction ? begin(*prediction, mirror) : nullptr;
  if (shape == nullptr) return {};
  show(*prediction, *shape, now_us);
  return shown_;
}

}  // namespace sdk
}  // namespace tickrelay
