#include "outbox.h"

#include <algorithm>
#include <cstring>

namespace tickrelay {
inline namespace sdk {
namespace {

std::uint64_t key_of(ComponentIndex component, EntityId entity) { return std::uint64_t{component} << 32 | entity; }

bool repeats(const Action& action) {
  return action.kind != wire::ActionKind::Set && action.kind != wire::ActionKind::Input;
}

template <class Actions>
auto find_seq(Actions& actions, std::uint32_t seq) {
  const auto found = std::lower_bound(actions.begin(), actions.end(), seq,
                                      [](const Action& action, std::uint32_t number) { return action.seq < number; });
  return found != actions.end() && found->seq == seq ? found : actions.end();
}

}  // namespace

void Outbox::push(Action action) {
  bytes_ += action.bytes();
  waiting_.push_back(std::move(action));
}

void Outbox::seal(EntityId entity) {
  for (Action& action : waiting_) {
    if (action.kind == wire::ActionKind::Set && action.entity == entity) action.sealed = true;
  }
}

std::uint32_t Outbox::add(Action action) {
  action.seq = next_seq_++;
  const std::uint32_t seq = action.seq;
  if (action.kind == wire::ActionKind::Despawn || action.kind == wire::ActionKind::Claim) seal(action.entity);
  if (action.kind == wire::ActionKind::Input && ++inputs_ > limits::outbox_inputs_max) {
    const auto oldest = std::find_if(waiting_.begin(), waiting_.end(),
                                     [](const Action& waiting) { return waiting.kind == wire::ActionKind::Input; });
    bytes_ -= oldest->bytes();
    waiting_.erase(oldest);
    --inputs_;
  }
  push(std::move(action));
  return seq;
}

std::uint32_t Outbox::set(const Component& component, ComponentIndex index, EntityId entity, std::uint64_t mask,
                          Bytes value) {
  const auto found = sets_.find(key_of(index, entity));
  const auto waiting = found == sets_.end() ? waiting_.end() : find_seq(waiting_, found->second);
  if (waiting != waiting_.end() && !waiting->sealed) {
    waiting->mask |= mask;
    if (component.opaque()) {
      bytes_ = bytes_ - waiting->data.size() + value.size();
      waiting->data.assign(value.begin(), value.end());
    }
    for (std::size_t i = 0; i < component.fields.size(); ++i) {
      const Field& field = component.fields[i];
      if (mask >> i & 1) std::memcpy(waiting->data.data() + field.offset, value.data() + field.offset, field.width());
    }
    return waiting->seq;
  }
  Action action;
  action.component = index;
  action.entity = entity;
  action.mask = mask;
  action.seq = next_seq_++;
  action.data.assign(value.begin(), value.end());
  sets_[key_of(index, entity)] = action.seq;
  const std::uint32_t seq = action.seq;
  push(std::move(action));
  return seq;
}

const std::vector<Action>& Outbox::take() {
  taken_.clear();
  std::size_t bytes = 0;
  while (!waiting_.empty() && taken_.size() < limits::actions_max) {
    Action& action = waiting_.front();
    if (!taken_.empty() && bytes + action.bytes() > limits::message_bytes_max - 1024) break;
    bytes += action.bytes();
    if (action.kind == wire::ActionKind::Input) --inputs_;
    if (action.kind == wire::ActionKind::Set) {
      const auto found = sets_.find(key_of(action.component, action.entity));
      if (found != sets_.end() && found->second == action.seq) sets_.erase(found);
    }
    if (repeats(action)) {
      sent_.push_back(action);
    } else {
      bytes_ -= action.bytes();
    }
    taken_.push_back(std::move(action));
    waiting_.pop_front();
  }
  return taken_;
}

void Outbox::applied(std::uint32_t seq) {
  while (!sent_.empty() && sent_.front().seq <= seq) {
    bytes_ -= sent_.front().bytes();
    sent_.pop_front();
  }
}

std::uint32_t Outbox::resume(std::uint32_t applied_seq) {
  const std::uint32_t first_unsent = waiting_.empty() ? next_seq_ : waiting_.front().seq;
  applied(applied_seq);
  waiting_.insert(waiting_.begin(), std::make_move_iterator(sent_.begin()), std::make_move_iterator(sent_.end()));
  sent_.clear();
  continue_after(applied_seq);
  return first_unsent;
}

bool Outbox::spawns(std::uint32_t seq) const {
  const auto found = find_seq(waiting_, seq);
  if (found != waiting_.end()) return found->kind == wire::ActionKind::Spawn;
  const auto sent = find_seq(sent_, seq);
  return sent != sent_.end() && sent->kind == wire::ActionKind::Spawn;
}

void Outbox::forget() {
  waiting_.clear();
  sent_.clear();
  sets_.clear();
  bytes_ = 0;
  inputs_ = 0;
}

}  // namespace sdk
}  // namespace tickrelay
