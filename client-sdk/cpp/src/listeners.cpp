#include "listeners.h"

namespace tickrelay {
inline namespace sdk {

void ChangeListeners::add(Change::Kind kind, std::string name, std::size_t bytes, Call call, Mirror& mirror) {
  if (!call) return;
  auto listener = std::make_shared<Listener>(Listener{kind, std::move(name), bytes, std::move(call)});
  if (mirror.layout()) {
    attach(*listener, mirror);
    listener->late = kind == Change::Kind::added;
  }
  listeners_.push_back(std::move(listener));
}

std::string ChangeListeners::attach(Listener& listener, Mirror& mirror) {
  const Layout& layout = *mirror.layout();
  if (listener.name == "*") {
    listener.component = every;
    for (std::size_t i = 0; i < layout.size(); ++i) mirror.watch(static_cast<ComponentIndex>(i));
    return {};
  }
  listener.component = layout.find(listener.name);
  if (listener.component < 0) {
    listener.component = nowhere;  // a room without it: nothing to hear
    return {};
  }
  const auto index = static_cast<ComponentIndex>(listener.component);
  const std::size_t bytes = layout.component(index).bytes;
  if (listener.bytes != any && ((bytes == 0) != (listener.bytes == 0) || listener.bytes > bytes)) {
    listener.component = nowhere;
    return "component '" + listener.name + "' has " + std::to_string(bytes) + " bytes in the room and " +
           std::to_string(listener.bytes) + " in this program";
  }
  mirror.watch(index);
  return {};
}

std::string ChangeListeners::attach(Mirror& mirror) {
  for (const auto& listener : listeners_) {
    if (std::string unfit = attach(*listener, mirror); !unfit.empty()) return unfit;
  }
  return {};
}

void ChangeListeners::call(const Listener& listener, const Mirror& mirror, Change change, ComponentIndex component) {
  change.component = mirror.layout()->component(component).name;
  listener.call(change);
}

void ChangeListeners::catch_up(const Mirror& mirror) {
  for (std::size_t i = 0; i < listeners_.size(); ++i) {
    const auto listener = listeners_[i];
    if (!listener->late || listener->component == nowhere) continue;
    for (std::size_t c = 0; c < mirror.layout()->size(); ++c) {
      const auto component = static_cast<ComponentIndex>(c);
      if (listener->component != every && listener->component != static_cast<int>(c)) continue;
      const auto ids = mirror.with(component);
      for (const EntityId entity : std::vector<EntityId>(ids.begin(), ids.end())) {
        const Bytes value = mirror.value(component, entity);
        call(*listener, mirror, {Change::Kind::added, entity, {}, mirror.layout()->component(component).all(), value},
             component);
      }
    }
  }
}

void ChangeListeners::deliver(const Mirror& mirror, const std::vector<MirrorChange>& changes) {
  catch_up(mirror);
  const std::size_t count = listeners_.size();
  for (const MirrorChange& change : changes) {
    const bool removed = change.kind == Change::Kind::removed;
    for (std::size_t i = 0; i < count; ++i) {
      const auto listener = listeners_[i];
      const bool here = listener->component == every || listener->component == static_cast<int>(change.component);
      // Who caught up has just heard of it.
      if (!here || listener->kind != change.kind || listener->late) continue;
      const Bytes value = removed ? Bytes(change.last) : mirror.value(change.component, change.entity);
      if (!removed && value.empty()) continue;  // gone again already
      call(*listener, mirror, {change.kind, change.entity, {}, change.fields, value}, change.component);
    }
  }
  for (std::size_t i = 0; i < count; ++i) listeners_[i]->late = false;
}

}  // namespace sdk
}  // namespace tickrelay
