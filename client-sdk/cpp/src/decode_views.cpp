// Frames of rooms with views: parts, each of one chunk, which has a decoder of its own (PROTOCOL.md, "Views").
#include <unordered_map>
#include <unordered_set>

#include "bounds.h"
#include "decoder.h"

namespace tickrelay {
inline namespace sdk {
namespace {

constexpr std::uint8_t kind_bits = 3, kind_gone = 3, key_bit = 4;

// Numbers in groups of seven bits, lowest first. Foreign bytes: beyond the end there is nothing.
class PartReader {
 public:
  explicit PartReader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  [[nodiscard]] bool good() const { return good_; }

  std::uint32_t number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 35; shift += 7) {
      const std::uint8_t byte = next();
      value |= std::uint64_t{byte & 0x7FU} << shift;
      if ((byte & 0x80) != 0) continue;
      if (value > 0xFFFFFFFF) good_ = false;
      return static_cast<std::uint32_t>(value);
    }
    good_ = false;
    return 0;
  }
  std::uint8_t next() {
    if (bytes_.empty()) {
      good_ = false;
      return 0;
    }
    const std::uint8_t byte = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return byte;
  }
  std::span<const std::uint8_t> take(std::size_t count) {
    if (count > bytes_.size()) {
      good_ = false;
      return {};
    }
    const auto taken = bytes_.first(count);
    bytes_ = bytes_.subspan(count);
    return taken;
  }

 private:
  std::span<const std::uint8_t> bytes_;
  bool good_ = true;
};

// What a Welcome's room is, views or not, the first frames tell: a room is one or the other.
class AnyDecoder final : public Decoder {
 public:
  AnyDecoder(wire::Codec codec, const Layout& layout)
      : codec_(codec), layout_(layout), scratch_(codec == wire::Codec::Packed ? make_scratch(layout) : nullptr), whole_(make()) {}

  Outcome decode(const wire::StateFrame& frame, std::uint32_t base, Mirror& mirror, std::string& error) override {
    const auto has = [&](wire::FrameFlags flag) {
      return (static_cast<unsigned>(frame.head()->flags()) & static_cast<unsigned>(flag)) != 0;
    };
    if (!has(wire::FrameFlags::InParts)) {
      if (chunks_.empty()) return whole_->decode(frame, base, mirror, error);
      error = "a frame that is not in parts, in a room with views";
      return Outcome::broken;
    }
    if (base == 0) {
      mirror.leave_chunks();
      chunks_.clear();
    }
    listed_.clear();
    const Outcome outcome = frame.packed() ? read(PartReader({frame.packed()->data(), frame.packed()->size()}), mirror, error)
                                           : Outcome::applied;
    if (has(wire::FrameFlags::ListsChunks) && outcome == Outcome::applied) keep_listed(mirror);
    mirror.end_parts();
    return outcome;
  }

  Outcome decode_payload(const Payload& about, std::optional<std::span<const std::uint8_t>> bytes, Mirror& mirror,
                         std::string& error) override {
    return whole_->decode_payload(about, bytes, mirror, error);
  }

  // The streams of chunks go on: the relay knows exactly what this copy has of them.
  void restart() override { whole_->restart(); }

 private:
  [[nodiscard]] std::unique_ptr<Decoder> make() const {
    return codec_ == wire::Codec::Plain ? make_plain_decoder() : make_packed_decoder(layout_, scratch_);
  }

  Outcome read(PartReader parts, Mirror& mirror, std::string& error) {
    while (!parts.empty()) {
      const std::uint32_t chunk = parts.number();
      const std::uint8_t head = parts.next();
      if ((head & kind_bits) == kind_gone) {
        mirror.leave_chunk(chunk);
        chunks_.erase(chunk);
        continue;
      }
      const auto bytes = parts.take(parts.number());
      if (!parts.good()) {
        error = "a frame's parts end within one";
        return Outcome::broken;
      }
      const auto kind = static_cast<wire::FrameKind>(head & kind_bits);
      const Outcome outcome = read_part(chunk, {kind, (head & key_bit) != 0, kind == wire::FrameKind::Whole}, bytes, mirror, error);
      if (outcome != Outcome::applied) return outcome;
    }
    return Outcome::applied;
  }

  Outcome read_part(std::uint32_t chunk, const Decoder::Payload& about, std::span<const std::uint8_t> bytes, Mirror& mirror,
                    std::string& error) {
    std::unique_ptr<Decoder>& decoder = chunks_[chunk];
    if (!decoder) {
      if (chunks_.size() > limits::chunks_max) {
        error = "more chunks than a view can have";
        return Outcome::broken;
      }
      if (!about.whole) return Outcome::lost;
      decoder = make();
    }
    listed_.insert(chunk);
    mirror.begin_part(chunk);
    const bool nothing = bytes.empty() && about.kind == wire::FrameKind::CatchUp;
    const Outcome outcome =
        decoder->decode_payload(about, nothing ? std::nullopt : std::optional(bytes), mirror, error);
    mirror.end_part();
    return outcome;
  }

  void keep_listed(Mirror& mirror) {
    std::erase_if(chunks_, [&](const auto& entry) {
      if (listed_.contains(entry.first)) return false;
      mirror.leave_chunk(entry.first);
      return true;
    });
  }

  wire::Codec codec_;
  const Layout& layout_;
  std::shared_ptr<packed::Context> scratch_;
  std::unique_ptr<Decoder> whole_;
  std::unordered_map<std::uint32_t, std::unique_ptr<Decoder>> chunks_;
  std::unordered_set<std::uint32_t> listed_;
};

}  // namespace

std::unique_ptr<Decoder> make_decoder(wire::Codec codec, const Layout& layout) {
  if (codec != wire::Codec::Plain && codec != wire::Codec::Packed) return nullptr;
  return std::make_unique<AnyDecoder>(codec, layout);
}

}  // namespace sdk
}  // namespace tickrelay
