// Codec packed: keeps a copy of its own beside the Mirror, because the stream is coded against what the relay sent, and
// the Mirror shows the player's own writes.
#include <algorithm>

#include "bounds.h"
#include "decoder.h"
#include "schema/packed/reader.h"

namespace tickrelay {
inline namespace sdk {
namespace {

std::vector<packed::Lanes> lanes_of(const Layout& layout) {
  std::vector<packed::Lanes> lanes;
  for (std::size_t i = 0; i < layout.size(); ++i) lanes.emplace_back(layout.component(static_cast<ComponentIndex>(i)).fields);
  return lanes;
}

class IntoMirror final : public packed::Changed {
 public:
  explicit IntoMirror(Mirror& mirror) : mirror_(mirror) {}
  void removed(EntityId id) override { mirror_.remove(id); }
  void keep_only(std::span<const EntityId> ids) override { mirror_.keep_only(ids); }
  bool put(std::size_t component, EntityId id, std::uint64_t mask, std::span<const std::byte> values) override {
    return mirror_.put(static_cast<ComponentIndex>(component), id, mask, reinterpret_cast<const std::uint8_t*>(values.data()));
  }
  bool put_opaque(std::size_t component, EntityId id, std::span<const std::uint8_t> value) override {
    return mirror_.put_opaque(static_cast<ComponentIndex>(component), id, Bytes(value.data(), value.size()));
  }

 private:
  Mirror& mirror_;
};

class PackedDecoder final : public Decoder {
 public:
  explicit PackedDecoder(const Layout& layout) : stream_(lanes_of(layout)), empty_(lanes_of(layout)) {}

  Outcome decode(const wire::StateFrame& frame, std::uint32_t base, Mirror& mirror, std::string& error) override {
    const wire::FrameHead& head = *frame.head();
    const bool of_stream = head.kind() == wire::FrameKind::Stream;
    if (of_stream && !in_stream_) return Outcome::lost;
    if (frame.columns()) {
      error = "a plain frame on a packed connection";
      return Outcome::broken;
    }
    if (!read(frame, of_stream, base == 0, mirror, error)) return Outcome::broken;
    const bool key = (static_cast<unsigned>(head.flags()) & static_cast<unsigned>(wire::FrameFlags::KeyTick)) != 0;
    in_stream_ = key || (of_stream && in_stream_);
    if (!key) return Outcome::applied;
    stream_.settle();
    return frame.hash() == 0 || frame.hash() == stream_.hash() ? Outcome::applied : Outcome::lost;
  }

  void restart() override { in_stream_ = false; }

 private:
  bool read(const wire::StateFrame& frame, bool of_stream, bool whole, Mirror& mirror, std::string& error) {
    const std::span<const std::uint8_t> bytes =
        frame.packed() ? std::span(frame.packed()->data(), frame.packed()->size()) : std::span<const std::uint8_t>{};
    if (!whole && !frame.packed()) return true;  // no state changed
    IntoMirror into(mirror);
    if (whole) mirror.begin_whole();
    const bool good = of_stream ? reader_.stream(stream_, bytes, into) : reader_.absolute(stream_, empty_, bytes, whole, into);
    if (whole) mirror.end_whole();
    if (!good) error = reader_.error();
    return good;
  }

  packed::Context stream_, empty_;
  packed::Reader reader_{{.entities = limits::entities_max}};
  bool in_stream_ = false;
};

}  // namespace

std::unique_ptr<Decoder> make_packed_decoder(const Layout& layout) { return std::make_unique<PackedDecoder>(layout); }

}  // namespace sdk
}  // namespace tickrelay
