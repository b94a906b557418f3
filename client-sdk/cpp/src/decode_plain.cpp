#include <cstring>
#include <vector>

#include "decoder.h"

namespace tickrelay {
inline namespace sdk {
namespace {

// One column, whose lengths are checked against each other before a value is read.
class ColumnReader {
 public:
  ColumnReader(const wire::Column& column, ComponentIndex index, const Component& component)
      : column_(column), index_(index), component_(component) {}

  const char* read(Mirror& mirror) {
    if (column_.ids() == nullptr || column_.ids()->size() == 0) return nullptr;
    values_ = column_.values() ? column_.values()->data() : nullptr;
    left_ = column_.values() ? column_.values()->size() : 0;
    const char* error = component_.opaque() ? read_opaque(mirror) : read_fields(mirror);
    return error == nullptr && left_ != 0 ? "a column has more values than entities" : error;
  }

 private:
  const char* read_opaque(Mirror& mirror) {
    const auto& ids = *column_.ids();
    if (column_.lengths() == nullptr || column_.lengths()->size() != ids.size())
      return "an opaque column lacks lengths";
    for (flatbuffers::uoffset_t i = 0; i < ids.size(); ++i) {
      const std::size_t bytes = column_.lengths()->Get(i);
      if (bytes > left_) return "a column has too few values";
      if (!mirror.put_opaque(index_, ids.Get(i), Bytes(values_, bytes))) return "more entities than a room can have";
      take(bytes);
    }
    return nullptr;
  }

  const char* read_fields(Mirror& mirror) {
    const auto& ids = *column_.ids();
    const std::size_t mask_bytes = component_.mask_bytes();
    const std::uint8_t* masks = column_.masks() ? column_.masks()->data() : nullptr;
    if (masks && column_.masks()->size() != ids.size() * mask_bytes) return "a column has a wrong number of masks";
    std::uint64_t mask = component_.all();
    std::size_t bytes = component_.packed_bytes(mask);
    for (flatbuffers::uoffset_t i = 0; i < ids.size(); ++i) {
      if (masks) {
        const std::uint64_t before = mask;
        mask = 0;
        std::memcpy(&mask, masks + i * mask_bytes, mask_bytes);
        if ((mask & ~component_.all()) != 0) return "a mask names fields that are not there";
        if (mask != before) bytes = component_.packed_bytes(mask);
      }
      if (bytes > left_) return "a column has too few values";
      if (!mirror.put(index_, ids.Get(i), mask, values_)) return "more entities than a room can have";
      take(bytes);
    }
    return nullptr;
  }

  void take(std::size_t bytes) {
    values_ += bytes;
    left_ -= bytes;
  }

  const wire::Column& column_;
  ComponentIndex index_;
  const Component& component_;
  const std::uint8_t* values_ = nullptr;
  std::size_t left_ = 0;
};

class PlainDecoder final : public Decoder {
 public:
  Outcome decode(const wire::StateFrame& frame, std::uint32_t base, Mirror& mirror, std::string& error) override {
    const bool whole = base == 0;
    if (whole) mirror.begin_whole();
    const auto flags = static_cast<unsigned>(frame.head()->flags());
    if ((flags & static_cast<unsigned>(wire::FrameFlags::ListsAlive)) != 0) {
      mirror.keep_only(frame.alive() ? std::span(frame.alive()->data(), frame.alive()->size())
                                     : std::span<const EntityId>{});
    }
    if (frame.removed()) {
      for (const EntityId entity : *frame.removed()) mirror.remove(entity);
    }
    const bool good = read_columns(frame, mirror, error);
    if (whole) mirror.end_whole();
    return good ? Outcome::applied : Outcome::broken;
  }

  // The part's bytes are a StateFrame of the chunk.
  Outcome decode_payload(const Payload& about, std::optional<std::span<const std::uint8_t>> bytes, Mirror& mirror,
                         std::string& error) override {
    if (!bytes) return Outcome::applied;
    std::vector<std::uint64_t> aligned((bytes->size() + 7) / 8);
    if (!bytes->empty()) std::memcpy(aligned.data(), bytes->data(), bytes->size());
    const auto* data = reinterpret_cast<const std::uint8_t*>(aligned.data());
    flatbuffers::Verifier verifier(data, bytes->size());
    if (bytes->size() < 8 || !verifier.VerifyBuffer<wire::StateFrame>("TRF1")) {
      error = "a part is no state frame";
      return Outcome::broken;
    }
    return decode(*flatbuffers::GetRoot<wire::StateFrame>(data), about.whole ? 0 : 1, mirror, error);
  }

  void restart() override {}

 private:
  static bool read_columns(const wire::StateFrame& frame, Mirror& mirror, std::string& error) {
    if (frame.packed()) {
      error = "a packed frame on a plain connection";
      return false;
    }
    if (!frame.columns()) return true;
    for (const wire::Column* column : *frame.columns()) {
      if (column->component() >= mirror.layout()->size()) {
        error = "a frame names component " + std::to_string(column->component()) + " beyond the layout";
        return false;
      }
      const Component& component = mirror.layout()->component(column->component());
      if (const char* fault = ColumnReader(*column, column->component(), component).read(mirror)) {
        error = std::string(fault) + " (" + component.name + ")";
        return false;
      }
    }
    return true;
  }
};

}  // namespace

std::unique_ptr<Decoder> make_plain_decoder() { return std::make_unique<PlainDecoder>(); }

}  // namespace sdk
}  // namespace tickrelay
