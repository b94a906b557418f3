#include "tickrelay/state.h"

#include <atomic>

#include "mirror.h"

namespace tickrelay {
inline namespace sdk {

std::size_t next_type_number() {
  static std::atomic<std::size_t> next{0};
  return next++;
}

std::uint32_t State::tick() const { return mirror_->tick; }
std::span<const EntityId> State::entities() const { return mirror_->entities(); }
bool State::contains(EntityId entity) const { return mirror_->contains(entity); }

PlayerNumber State::owner(EntityId entity) const {
  const Bytes value = mirror_->value(owner_component, entity);
  return value.size() < sizeof(wire::Owner) ? 0 : reinterpret_cast<const wire::Owner*>(value.data())->player();
}

Bytes State::bytes(EntityId entity, std::string_view component) const {
  const int index = mirror_->layout() ? mirror_->layout()->find(component) : -1;
  return index < 0 ? Bytes{} : mirror_->value(static_cast<ComponentIndex>(index), entity);
}

std::span<const EntityId> State::with(std::string_view component) const {
  const int index = mirror_->layout() ? mirror_->layout()->find(component) : -1;
  return index < 0 ? std::span<const EntityId>{} : mirror_->with(static_cast<ComponentIndex>(index));
}

Bytes State::find(const TypeKey& type, EntityId entity) const {
  const int index = mirror_->resolve(type);
  return index < 0 ? Bytes{} : mirror_->value(static_cast<ComponentIndex>(index), entity);
}

}  // namespace sdk
}  // namespace tickrelay
