// A room's state as this player sees it: the relay's values, and its own where the relay has not taken them up yet.
// Owned by a Room, changed by Client::poll and by the Room's writing calls. References and pointers that it gives hold
// until the next of these.
#pragma once

#include <flatbuffers/flatbuffers.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

#include "tickrelay/types.h"

namespace tickrelay {
inline namespace sdk {

class Mirror;

// A component's type as the game knows it. flatc's classes qualify, generated with --gen-name-strings.
struct TypeKey {
  std::size_t number;     // of this program, from 0
  std::string_view name;  // qualified: "arena.Transform"
  std::size_t bytes;      // 0: a table
};

std::size_t next_type_number();

template <class T>
inline constexpr bool is_table = std::is_base_of_v<flatbuffers::Table, T>;

template <class T>
const TypeKey& type_key() {
  static_assert(
      requires { T::GetFullyQualifiedName(); }, "generate T with flatc --cpp --gen-name-strings");
  static const TypeKey key{next_type_number(), T::GetFullyQualifiedName(), is_table<T> ? 0 : sizeof(T)};
  return key;
}

// The root table of an opaque value; nullptr where the bytes are no valid T.
template <class T>
const T* verified(Bytes value) {
  flatbuffers::Verifier verifier(value.data(), value.size());
  return verifier.VerifyBuffer<T>(nullptr) ? flatbuffers::GetRoot<T>(value.data()) : nullptr;
}

class State {
 public:
  explicit State(const Mirror& mirror) : mirror_(&mirror) {}

  // The newest tick applied; 0 before the first frame.
  [[nodiscard]] std::uint32_t tick() const;

  // Every entity there is, in no order.
  [[nodiscard]] std::span<const EntityId> entities() const;
  [[nodiscard]] bool contains(EntityId entity) const;
  // Who may write it; 0: nobody, or no such entity.
  [[nodiscard]] PlayerNumber owner(EntityId entity) const;

  // The value, or nullptr: no such entity, it lacks the component, the room's schema has none of that name, or the
  // room's T is smaller than yours (then on_error says so). A room's T may have more fields, appended, than yours.
  template <class T>
  [[nodiscard]] const T* get(EntityId entity) const {
    const Bytes value = find(type_key<T>(), entity);
    if (value.empty()) return nullptr;
    if constexpr (is_table<T>) {
      return verified<T>(value);
    } else {
      return reinterpret_cast<const T*>(value.data());
    }
  }

  // The same by name, as bytes: the FlatBuffers struct as the room knows it, or an opaque component's value.
  // Empty where there is none.
  [[nodiscard]] Bytes bytes(EntityId entity, std::string_view component) const;

  // The entities that have a T (or the component of that name).
  template <class T>
  [[nodiscard]] std::span<const EntityId> with() const {
    return with(type_key<T>().name);
  }
  [[nodiscard]] std::span<const EntityId> with(std::string_view component) const;

  // visit(entity, value) for every entity that has a T. REQUIRES: visit writes nothing.
  template <class T, class Visit>
  void each(Visit&& visit) const {
    for (const EntityId entity : with<T>()) {
      if (const T* value = get<T>(entity)) visit(entity, *value);
    }
  }

 private:
  [[nodiscard]] Bytes find(const TypeKey& type, EntityId entity) const;
  const Mirror* mirror_;
};

}  // namespace sdk
}  // namespace tickrelay
