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
  PackedDecoder(const Layout& layout, std::shared_ptr<packed::Context> scratch)
      : stream_(lanes_of(layout)), scratch_(std::move(scratch)) {}

  Outcome decode(const wire::StateFrame& frame, std::uint32_t base, Mirror& mirror, std::string& error) override {
    const wire::FrameHead& head = *frame.head();
    if (frame.columns()) {
      error = "a plain frame on a packed connection";
      return Outcome::broken;
    }
    const bool key = (static_cast<unsigned>(head.flags()) & static_cast<unsigned>(wire::FrameFlags::KeyTick)) != 0;
    std::optional<std::span<const std::uint8_t>> bytes;
    if (frame.packed()) bytes = std::span(frame.packed()->data(), frame.packed()->size());
    if (base == 0 && !bytes) bytes.emplace();
    return decode_payload({head.kind(), key, base == 0}, bytes, mirror, error);
  }

  Outcome decode_payload(const Payload& about, std::optional<std::span<const std::uint8_t>> bytes, Mirror& mirror,
                         std::string& error) override {
    const bool of_stream = about.kind == wire::FrameKind::Stream;
    if (of_stream && !in_stream_) return Outcome::lost;
    std::uint32_t hash = 0;
    if (about.key && !take_hash(bytes, about.whole, hash)) {
      error = "a key tick without its hash";
      return Outcome::broken;
    }
    if (bytes && !read(*bytes, of_stream, about.whole, mirror)) {
      error = reader_.error();
      return Outcome::broken;
    }
    in_stream_ = about.key || (of_stream && in_stream_);
    if (!about.key) return Outcome::applied;
    stream_.settle();
    return hash == stream_.hash() ? Outcome::applied : Outcome::lost;
  }

  void restart() override { in_stream_ = false; }

 private:
  // What is left is the state; nothing where none changed.
  static bool take_hash(std::optional<std::span<const std::uint8_t>>& bytes, bool whole, std::uint32_t& hash) {
    constexpr std::size_t hash_bytes = 4;
    if (!bytes || bytes->size() < hash_bytes) return false;
    for (std::size_t i = 0; i < hash_bytes; ++i) hash |= std::uint32_t{(*bytes)[i]} << (8 * i);
    *bytes = bytes->subspan(hash_bytes);
    if (bytes->empty() && !whole) bytes.reset();
    return true;
  }
  bool read(std::span<const std::uint8_t> bytes, bool of_stream, bool whole, Mirror& mirror) {
    IntoMirror into(mirror);
    if (whole) mirror.begin_whole();
    const bool good = of_stream ? reader_.stream(stream_, bytes, into) : reader_.absolute(stream_, *scratch_, bytes, whole, into);
    if (whole) mirror.end_whole();
    return good;
  }

  packed::Context stream_;
  std::shared_ptr<packed::Context> scratch_;
  packed::Reader reader_{{.entities = limits::entities_max}};
  bool in_stream_ = false;
};

}  // namespace

std::shared_ptr<packed::Context> make_scratch(const Layout& layout) {
  return std::make_shared<packed::Context>(lanes_of(layout));
}

std::unique_ptr<Decoder> make_packed_decoder(const Layout& layout, std::shared_ptr<packed::Context> scratch) {
  return std::make_unique<PackedDecoder>(layout, std::move(scratch));
}

}  // namespace sdk
}  // namespace tickrelay
