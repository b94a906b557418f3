#include "layout.h"

#include <cmath>

#include "bounds.h"
#include "schema/state/quantise.h"

namespace tickrelay {
inline namespace sdk {
namespace {

constexpr double steps_max = 2147483648;  // of a range: PROTOCOL.md, "State schemas"

}  // namespace

std::size_t Component::packed_bytes(std::uint64_t mask) const {
  std::size_t bytes_total = 0;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (mask >> i & 1) bytes_total += fields[i].width();
  }
  return bytes_total;
}

std::uint64_t Component::within(std::size_t struct_bytes) const {
  std::uint64_t mask = 0;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].offset + std::size_t{fields[i].width()} <= struct_bytes) mask |= std::uint64_t{1} << i;
  }
  return mask;
}

int Layout::find(std::string_view name) const {
  const auto found = by_name_.find(std::string(name));
  return found == by_name_.end() ? -1 : found->second;
}

struct LayoutReader {
  static bool field(const wire::Field& from, const Component& component, Field& to) {
    to.name = from.name() ? from.name()->str() : "";
    to.type = from.type();
    to.offset = from.offset();
    to.flags = static_cast<FieldFlags>(from.flags());
    to.precision = from.precision();
    to.min = from.min();
    to.max = from.max();
    if (to.width() == 0 || to.offset + std::size_t{to.width()} > component.bytes) return false;
    const bool ranged = to.has(FieldFlags::Ranged);
    if (!ranged) to.min = to.max = 0;
    if (!std::isfinite(to.min) || !std::isfinite(to.max) || to.min > to.max) return false;
    if (!to.has(FieldFlags::Quantised)) return true;
    const bool floats = is_float(to.type);
    const bool steps = std::isfinite(to.precision) && to.precision > 0;
    return floats && steps && (to.max - to.min) / to.precision <= steps_max;
  }

  static bool component(const wire::Component& from, Component& to) {
    to.name = from.name() ? from.name()->str() : "";
    to.bytes = from.bytes();
    if (!from.fields() || to.opaque()) return to.opaque() && !to.name.empty();
    if (from.fields()->size() > limits::fields_max) return false;
    if (from.fields()->size() == 0) return false;
    to.fields.resize(from.fields()->size());
    for (std::size_t i = 0; i < to.fields.size(); ++i) {
      if (!field(*from.fields()->Get(static_cast<flatbuffers::uoffset_t>(i)), to, to.fields[i])) return false;
    }
    if (!quats_are_whole(to.fields)) return false;
    to.quats = quats_of(to.fields);
    const std::vector<std::byte> zero = zero_of(to.fields, to.bytes);
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(zero.data());
    to.zero.assign(bytes, bytes + zero.size());
    return !to.name.empty();
  }

  static LayoutPointer read(const wire::Layout& from, std::string& error) {
    auto layout = std::make_shared<Layout>();
    layout->fingerprint_ = from.fingerprint();
    if (!from.components() || from.components()->size() <= room_component ||
        from.components()->size() > limits::components_max) {
      error = "the relay's layout lacks its first three components or has too many";
      return nullptr;
    }
    layout->components_.resize(from.components()->size());
    for (std::size_t i = 0; i < layout->components_.size(); ++i) {
      Component& to = layout->components_[i];
      if (!component(*from.components()->Get(static_cast<flatbuffers::uoffset_t>(i)), to) ||
          !layout->by_name_.emplace(to.name, static_cast<int>(i)).second) {
        error = "the relay's layout is broken at component '" + to.name + "'";
        return nullptr;
      }
    }
    const Component& owner = layout->components_[owner_component];
    if (owner.fields.size() != 1 || owner.fields[0].width() != 4 || !layout->components_[player_component].opaque() ||
        !layout->components_[room_component].opaque()) {
      error = "the relay's layout has other first components than Owner, Player and Room";
      return nullptr;
    }
    return layout;
  }
};

LayoutPointer read_layout(const wire::Layout& layout, std::string& error) { return LayoutReader::read(layout, error); }

}  // namespace sdk
}  // namespace tickrelay
