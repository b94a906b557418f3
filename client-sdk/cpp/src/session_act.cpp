#include <cstring>

#include "bounds.h"
#include "quantise.h"
#include "schema/state/quat.h"
#include "session.h"

namespace tickrelay {
inline namespace sdk {
namespace {

// Not by operator+: g++ 12 warns of an overlap that cannot be.
std::string quoted(std::string_view name) {
  std::string text = "'";
  return text.append(name).append("'");
}

}  // namespace

std::uint32_t Session::queued(Action action) {
  acted_direct_ = have_.direct;
  return outbox_.add(std::move(action));
}

std::uint32_t Session::refuse(std::string detail) {
  errors_.push_back({"bad_usage", std::move(detail), 0});
  return 0;
}

bool Session::may_act(std::string_view what) {
  if (phase_ == Phase::left || leaving_) {
    refuse(std::string(what) + ": the room was left");
  } else if (!mirror_.layout()) {
    refuse(std::string(what) + ": not in the room yet; do it from on_join on");
  } else if (outbox_.full()) {
    refuse(std::string(what) + ": too much waits for the relay already; send less, or wait until on_reconnect");
  } else {
    return true;
  }
  return false;
}

// -------------------------------------------------------------------------------------------------------- messages

std::uint32_t Session::send(std::string_view type, Bytes data, const To& to, bool wants_answer) {
  if (!may_act("send " + quoted(type))) return 0;
  if (data.size() > limits::payload_bytes_max) return refuse("send " + quoted(type) + ": a payload has at most 16 KiB");
  if (type.size() > limits::type_bytes_max) return refuse("send " + quoted(type) + ": a type has at most 64 bytes");
  if (to.kind() == To::Kind::players && to.numbers().empty())
    return refuse("send " + quoted(type) + ": To::players names nobody");
  if (to.numbers().size() > limits::receivers_max)
    return refuse("send " + quoted(type) + ": To::players names at most 256: split them, or send to all");
  Action action;
  action.kind = wire::ActionKind::Message;
  action.type = type;
  action.data.assign(data.begin(), data.end());
  action.audience = static_cast<wire::Audience>(to.kind());
  action.to = to.numbers();
  // A request has the number of its message: the relay's Failure names either.
  if (wants_answer) action.request = outbox_.newest_seq() + 1;
  return queued(std::move(action));
}

std::uint32_t Session::request(std::string_view type, Bytes data, std::int64_t deadline_us, Requests::Call call,
                               const To& to) {
  const std::uint32_t seq = send(type, data, to, true);
  if (seq != 0) requests_.add(seq, deadline_us, std::move(call));
  return seq;
}

std::uint32_t Session::answer(PlayerNumber player, std::uint32_t request, Bytes data) {
  if (!may_act("answer")) return 0;
  if (data.size() > limits::payload_bytes_max) return refuse("answer: a payload has at most 16 KiB");
  Action action;
  action.kind = wire::ActionKind::Answer;
  action.to = {player};
  action.request = request;
  action.data.assign(data.begin(), data.end());
  return queued(std::move(action));
}

std::uint32_t Session::input(Bytes data) {
  if (!may_act("input")) return 0;
  if (data.size() > limits::input_bytes_max) return refuse("input: at most 1 KiB");
  Action action;
  action.kind = wire::ActionKind::Input;
  action.data.assign(data.begin(), data.end());
  const std::uint32_t seq = queued(std::move(action));
  predictions_.input(seq, data, mirror_);
  return seq;
}

// ----------------------------------------------------------------------------------------------------------- state

std::uint32_t Session::act_on(wire::ActionKind kind, EntityId entity) {
  const std::string_view what = kind == wire::ActionKind::Claim ? "claim" : "despawn";
  if (!may_act(what)) return 0;
  if (!mirror_.contains(entity)) return refuse(std::string(what) + ": there is no entity " + std::to_string(entity));
  Action action;
  action.kind = kind;
  action.entity = entity;
  return queued(std::move(action));
}

int Session::prepare(std::string_view name, Bytes value, std::uint64_t& mask, std::optional<EntityId> entity) {
  const int index = mirror_.layout()->find(name);
  if (index < 0) return refuse("the room's schema has no component " + quoted(name)), -1;
  if (index <= room_component) return refuse(quoted(name) + " is the relay's own: nobody writes it"), -1;
  const Component& component = mirror_.layout()->component(static_cast<ComponentIndex>(index));
  if (component.opaque()) {
    if (value.size() > limits::opaque_bytes_max)
      return refuse(quoted(name) + ": a table's value has at most 16 KiB"), -1;
    mask = 1;
    value_.assign(value.begin(), value.end());
    return index;
  }
  if (value.size() > component.bytes) {
    return refuse(quoted(name) + " has " + std::to_string(component.bytes) + " bytes in the room and " +
                  std::to_string(value.size()) + " in this program: generate it from the schema that the room runs"),
           -1;
  }
  mask &= component.within(value.size());
  value_ = component.zero;
  std::memcpy(value_.data(), value.data(), value.size());
  if (entity) mask = complete_quats(component, mask, mirror_.value(static_cast<ComponentIndex>(index), *entity));
  std::string field;
  if (!quantise(component, mask, value_.data(), field))
    return refuse(quoted(name) + "." + field + " is not a finite number"), -1;
  return index;
}

// A quaternion is written by all four: what the caller left out is as it is shown.
std::uint64_t Session::complete_quats(const Component& component, std::uint64_t mask, Bytes shown) {
  const std::uint64_t whole = with_whole_quats(mask, component.quats);
  if (shown.empty()) shown = component.zero;
  for (std::size_t i = 0; i < component.fields.size(); ++i) {
    const Field& field = component.fields[i];
    if (((whole & ~mask) >> i & 1) != 0) std::memcpy(value_.data() + field.offset, shown.data() + field.offset, field.width());
  }
  return whole;
}

EntityId Session::spawn(std::string_view name, Bytes value, bool keep, SeenBy seen_by) {
  if (!may_act("spawn " + quoted(name))) return 0;
  std::uint64_t mask = ~std::uint64_t{0};
  const int index = prepare(name, value, mask, std::nullopt);
  if (index < 0) return 0;
  const EntityId entity = seat_.ids.take();
  if (entity == 0)
    return refuse("spawn " + quoted(name) +
                  ": no entity ids are left; the relay grants more while earlier spawns are taken up, but none to spectators");
  Action action;
  action.kind = wire::ActionKind::Spawn;
  if (keep) action.flags |= wire::ActionFlags::Keep;
  if (seen_by == SeenBy::owner) action.flags |= wire::ActionFlags::Private;
  if (seen_by == SeenBy::team) action.flags |= wire::ActionFlags::Team;
  action.component = static_cast<ComponentIndex>(index);
  action.entity = entity;
  action.mask = mask;
  action.data = value_;
  const std::uint32_t seq = queued(std::move(action));
  const wire::Owner owner(seat_.player);
  mirror_.write_own(owner_component, entity, 1, {reinterpret_cast<const std::uint8_t*>(&owner), sizeof owner}, seq);
  mirror_.write_own(static_cast<ComponentIndex>(index), entity, mask, value_, seq);
  return entity;
}

std::uint32_t Session::set(EntityId entity, std::string_view name, Bytes value, std::uint64_t mask) {
  if (!may_act("set " + quoted(name))) return 0;
  const int index = prepare(name, value, mask, entity);
  if (index < 0) return 0;
  if (!mirror_.contains(entity))
    return refuse("set " + quoted(name) + ": there is no entity " + std::to_string(entity));
  const auto component_index = static_cast<ComponentIndex>(index);
  const Component& component = mirror_.layout()->component(component_index);
  const bool there = mirror_.has(component_index, entity);
  const Bytes shown = mirror_.value(component_index, entity);
  if (there && component.opaque() && std::equal(shown.begin(), shown.end(), value_.begin(), value_.end())) mask = 0;
  for (std::size_t i = 0; there && i < component.fields.size(); ++i) {
    const Field& field = component.fields[i];
    if (std::memcmp(shown.data() + field.offset, value_.data() + field.offset, field.width()) == 0)
      mask &= ~(std::uint64_t{1} << i);
  }
  mask = with_whole_quats(mask, component.quats);
  if (there && mask == 0) return outbox_.newest_seq();
  acted_direct_ = have_.direct;
  const std::uint32_t seq = outbox_.set(component, component_index, entity, mask, value_);
  mirror_.write_own(component_index, entity, mask, value_, seq);
  return seq;
}

}  // namespace sdk
}  // namespace tickrelay
