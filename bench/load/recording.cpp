#include "bench/load/recording.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <utility>

namespace tickrelay::bench {
namespace {

constexpr std::int32_t magic = 0x31525347;  // "GSR1"
constexpr std::array<std::uint8_t, 6> xz_magic{0xfd, '7', 'z', 'X', 'Z', 0};
constexpr std::size_t name_bytes = 16;

bool is_xz(std::span<const std::uint8_t> bytes) {
  return bytes.size() > xz_magic.size() && std::equal(xz_magic.begin(), xz_magic.end(), bytes.begin());
}

}  // namespace

// Goes through the words; leaving the file is an error.
class Recording::Reader {
 public:
  explicit Reader(std::span<const std::int32_t> words) : words_(words) {}

  std::size_t place() const { return place_; }
  std::uint32_t number() { return static_cast<std::uint32_t>(take(1)[0]); }

  std::span<const std::int32_t> take(std::size_t count) {
    if (words_.size() - place_ < count) throw RecordingError("the recording is cut off");
    return words_.subspan(std::exchange(place_, place_ + count), count);
  }

  std::string name() {
    const auto words = take(name_bytes / 4);
    const auto* text = reinterpret_cast<const char*>(words.data());
    return std::string(text, strnlen(text, name_bytes));
  }

 private:
  std::span<const std::int32_t> words_;
  std::size_t place_ = 0;
};

Recording Recording::parse(std::span<const std::uint8_t> bytes) {
  static_assert(std::endian::native == std::endian::little);
  std::vector<std::uint8_t> unpacked;
  if (is_xz(bytes)) bytes = unpacked = unpack_xz(bytes, bytes_max);
  if (bytes.size() > bytes_max) throw RecordingError("the recording is too large");
  if (bytes.empty() || bytes.size() % 4 != 0) throw RecordingError("the recording is cut off");
  Recording recording;
  recording.words_.resize(bytes.size() / 4);
  std::memcpy(recording.words_.data(), bytes.data(), bytes.size());
  Reader reader(recording.words_);
  if (reader.take(1)[0] != magic) throw RecordingError("this is no recording: it does not begin with GSR1");
  const std::uint32_t types = reader.number(), ticks = reader.number();
  recording.hz_ = std::bit_cast<float>(reader.take(1)[0]);
  if (!std::isfinite(recording.hz_) || recording.hz_ <= 0) throw RecordingError("the recording's rate is not positive");
  recording.read_types(reader, types);
  recording.index_ticks(reader, ticks);
  return recording;
}

void Recording::read_types(Reader& reader, std::uint32_t count) {
  if (count > types_max) throw RecordingError("the recording has too many types");
  for (std::uint32_t i = 0; i < count; ++i) {
    RecordedType& type = types_.emplace_back();
    type.name = reader.name();
    const std::uint32_t fields = reader.number();
    if (fields > fields_max) throw RecordingError("type " + type.name + " has too many fields");
    for (std::uint32_t k = 0; k < fields; ++k) {
      RecordedField& field = type.fields.emplace_back();
      field.name = reader.name();
      field.native_bytes = reader.number();
      const bool known = field.native_bytes == 1 || field.native_bytes == 2 || field.native_bytes == 4;
      if (!known) throw RecordingError("field " + field.name + " is not 1, 2 or 4 bytes wide");
    }
  }
}

void Recording::index_ticks(Reader& reader, std::uint32_t count) {
  for (std::uint32_t tick_number = 0; tick_number < count; ++tick_number) {
    tick_words_.push_back(reader.place());
    const std::uint32_t entities = reader.number();
    std::pair<std::uint32_t, std::uint32_t> last;
    for (std::uint32_t i = 0; i < entities; ++i) {
      const std::pair<std::uint32_t, std::uint32_t> now{reader.number(), reader.number()};
      if (now.first >= types_.size()) throw RecordingError("an entity is of a type that the recording lacks");
      if (i > 0 && !(last < now)) throw RecordingError("the entities of a tick are not sorted");
      reader.take(types_[now.first].fields.size());
      last = now;
    }
  }
}

void Recording::tick(std::size_t number, std::vector<RecordedEntity>& entities) const {
  entities.clear();
  std::span<const std::int32_t> rest = std::span(words_).subspan(tick_words_[number]);
  const auto count = static_cast<std::uint32_t>(rest[0]);
  rest = rest.subspan(1);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto type = static_cast<std::uint32_t>(rest[0]), id = static_cast<std::uint32_t>(rest[1]);
    const std::size_t fields = types_[type].fields.size();
    entities.push_back({type, id, rest.subspan(2, fields)});
    rest = rest.subspan(2 + fields);
  }
}

}  // namespace tickrelay::bench
