#include "bench/load/codec.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <variant>

#include "bench/load/mirror.h"
#include "bench/load/recorded_world.h"
#include "bench/load/schema_compiler.h"
#include "bench/net/clock.h"
#include "relay/core/encode.h"
#include "relay/core/frames.h"
#include "relay/core/limits.h"

namespace tickrelay::bench {
namespace {

constexpr int runs = 3;

struct Source {
  const Recording& recording;
  RecordedSchema schema;
  LayoutPointer layout;
  std::uint32_t rate_hz;

  bool measured(std::size_t tick) const { return tick >= recording.ticks() / 2; }
  Tick ticks_of_ms(std::uint32_t ms) const { return std::max<Tick>(ms * rate_hz / 1000, 1); }
};

Source make_source(const Recording& recording) {
  Source source{recording, recorded_schema(recording), {}, 0};
  const std::string compiled = compile_schema(source.schema.text);
  auto parsed = parse_schema(std::as_bytes(std::span(compiled)));
  if (const auto* error = std::get_if<std::string>(&parsed)) throw RecordingError(*error);
  source.layout = std::get<LayoutPointer>(parsed);
  source.rate_hz = static_cast<std::uint32_t>(std::clamp<long>(std::lround(recording.hz()), 1, limits::tick_rate_max));
  return source;
}

// The fastest seen: what a pair of readings takes by itself.
std::int64_t clock_cost_ns() {
  std::int64_t least = second_ns;
  for (int i = 0; i < 1'000; ++i) {
    const std::int64_t before = now_ns();
    least = std::min(least, now_ns() - before);
  }
  return least;
}

template <class Call>
std::int64_t time_ns(Call&& call) {
  static const std::int64_t cost_ns = clock_cost_ns();
  const std::int64_t before_ns = now_ns();
  call();
  return now_ns() - before_ns - cost_ns;
}

// The relay's side of a room in which a recording plays, with a player who is in the stream.
class Sender {
 public:
  Sender(const Source& source, wire::Codec codec)
      : source_(source), recorded_(source.recording, source.schema, source.layout), count_(*source.layout) {
    if (codec != wire::Codec::Packed) return;
    packed_ = std::make_unique<PackedStream>(*source.layout);
    frames_.use_stream(source.ticks_of_ms(limits::key_tick_ms), source.ticks_of_ms(limits::key_tick_demand_ms));
  }

  // Takes the next recorded tick, and plans its frame: the first one is the whole, for the player who joins. Where
  // `catch_up` there is one more, for somebody who lacks this tick alone. Returns how many entities changed.
  std::size_t step(bool catch_up) {
    const std::size_t changed = recorded_.step();
    std::vector<Want> wants;
    if (catch_up || recorded_.tick() == 1) wants.push_back({.base = frames_.tick(), .event = 0});
    plan(recorded_.tick(), wants);
    return changed;
  }
  // A tick in which no recorded one is taken, and from then on none is: nothing changed, but the frame is made as if something else had.
  void idle() {
    const Tick now = std::max(frames_.tick(), recorded_.tick()) + 1;
    std::vector<Want> wants;
    plan(now, wants, 1);
    for (FrameInfo& info : infos_) info.has_state = true;
  }

  // Empty where nothing is due. Otherwise to be encoded, in order, before the next step.
  std::span<const FrameInfo> infos() const { return infos_; }
  std::span<const std::byte> encode(const FrameInfo& info) {
    const auto message = encoder_.frame(recorded_.world(), events_, info, packed_.get(), &count_);
    count_.end(message.size());
    return message;
  }
  RecordedWorld& recorded() { return recorded_; }

 private:
  void plan(Tick now, std::vector<Want>& wants, Tick idle_ticks = 0) {
    if (idle_ticks == 0) idle_ticks = source_.ticks_of_ms(limits::idle_frame_ms);
    const auto infos = frames_.plan(recorded_.world().newest(), events_, now, idle_ticks, wants);
    infos_.assign(infos.begin(), infos.end());
    if (frames_.starts_stream()) packed_->start(encoder_.work(), recorded_.world(), frames_.tick());
  }

  const Source& source_;
  RecordedWorld recorded_;
  EventLog events_{limits::events_max, limits::event_bytes_max};
  Encoder encoder_;
  FrameBytes count_;                      // as in a relay
  std::unique_ptr<PackedStream> packed_;  // null in codec plain
  Frames frames_;
  std::vector<FrameInfo> infos_;
};

const wire::StateFrame& frame_of(std::span<const std::byte> message) {
  return *flatbuffers::GetRoot<wire::StateFrame>(message.data());
}

template <class Vector>
std::size_t bytes_in(const Vector* vector) {
  return vector == nullptr ? 0 : vector->size() * sizeof(*vector->data());
}

std::size_t payload_bytes(std::span<const std::byte> message) {
  const wire::StateFrame& frame = frame_of(message);
  std::size_t bytes = bytes_in(frame.packed()) + bytes_in(frame.removed()) + bytes_in(frame.alive());
  if (frame.columns() == nullptr) return bytes;
  for (const wire::Column* column : *frame.columns()) {
    bytes +=
        bytes_in(column->ids()) + bytes_in(column->masks()) + bytes_in(column->values()) + bytes_in(column->lengths());
  }
  return bytes;
}

// By recorded tick; empty where none was due.
using Messages = std::vector<std::vector<std::byte>>;

std::int64_t encode_all(Sender& sender, const Source& source, Messages& messages) {
  std::int64_t sum_ns = 0;
  messages.assign(source.recording.ticks(), {});
  for (std::size_t tick = 0; tick < messages.size(); ++tick) {
    sender.step(false);
    for (const FrameInfo& info : sender.infos()) {
      std::span<const std::byte> message;
      const std::int64_t took_ns = time_ns([&] { message = sender.encode(info); });
      if (source.measured(tick)) sum_ns += took_ns;
      messages[tick].assign(message.begin(), message.end());
    }
  }
  return sum_ns;
}

// Per frame and entity, with those who are there where the second half begins: a recording may end in an empty room.
double encode_idle_ns(const Source& source, wire::Codec codec) {
  Sender sender(source, codec);
  const std::size_t frames = source.recording.ticks() - source.recording.ticks() / 2;
  while (sender.recorded().ticks_taken() <= source.recording.ticks() / 2) {
    sender.step(false);
    for (const FrameInfo& info : sender.infos()) sender.encode(info);
  }
  std::int64_t sum_ns = 0;
  for (std::size_t i = 0; i < frames; ++i) {
    sender.idle();
    for (const FrameInfo& info : sender.infos()) sum_ns += time_ns([&] { sender.encode(info); });
  }
  const std::size_t entities = std::max<std::size_t>(sender.recorded().world().size(), 1);
  return static_cast<double>(sum_ns) / static_cast<double>(frames * entities);
}

void count_bytes(CodecFigures& figures, const Source& source, const Messages& messages, wire::Codec codec) {
  Sender sender(source, codec);
  double entities = 0, changed = 0, payload = 0, whole = 0, catch_up = 0;
  for (std::size_t tick = 0; tick < messages.size(); ++tick) {
    const std::size_t changed_now = sender.step(true);
    for (const FrameInfo& info : sender.infos()) {
      const auto message = sender.encode(info);
      if (source.measured(tick) && info.kind == wire::FrameKind::CatchUp)
        catch_up += static_cast<double>(payload_bytes(message));
    }
    if (!source.measured(tick)) continue;
    ++figures.ticks;
    entities += static_cast<double>(sender.recorded().world().size());
    changed += static_cast<double>(changed_now);
    if (messages[tick].empty()) continue;
    payload += static_cast<double>(payload_bytes(messages[tick]));
    whole += static_cast<double>(messages[tick].size());
  }
  const auto ticks = static_cast<double>(figures.ticks);
  figures.entities_per_tick = entities / ticks;
  figures.changed_per_tick = changed / ticks;
  figures.payload_bytes_per_tick = payload / ticks;
  figures.message_bytes_per_tick = whole / ticks;
  figures.catch_up_bytes_per_tick = catch_up / ticks;
}

// ---------------------------------------------------------------------------------------------------------- decode

Mirror make_mirror(const Source& source, wire::Codec codec) {
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(encode_layout(builder, *source.layout));
  const auto* layout = flatbuffers::GetRoot<wire::Layout>(builder.GetBufferPointer());
  return {std::make_shared<const Layout>(read_layout(*layout)), codec};
}

bool decode(Mirror& mirror, std::span<const std::byte> message) {
  flatbuffers::Verifier verifier(reinterpret_cast<const std::uint8_t*>(message.data()), message.size());
  return verifier.VerifyBuffer<wire::StateFrame>("TRF1") && mirror.apply(frame_of(message)) == Applied::done;
}

std::int64_t decode_all(const Source& source, wire::Codec codec, const Messages& messages) {
  Mirror mirror = make_mirror(source, codec);
  std::int64_t sum_ns = 0;
  for (std::size_t tick = 0; tick < messages.size(); ++tick) {
    if (messages[tick].empty()) continue;
    const std::int64_t took_ns = time_ns([&] { decode(mirror, messages[tick]); });
    if (source.measured(tick)) sum_ns += took_ns;
  }
  return sum_ns;
}

bool same(const Mirror& mirror, RecordedWorld& recorded, std::span<const RecordedEntity> entities) {
  std::vector<std::size_t> there(mirror.layout().components.size());
  for (const RecordedEntity& entity : entities) {
    const ComponentIndex component = recorded.component(entity.type);
    const auto wanted = recorded.bytes_of(entity.type, ~std::uint64_t{0}, entity.values);
    const auto value = mirror.value(component, recorded.id({entity.type, entity.id}));
    if (!std::ranges::equal(std::as_bytes(value), wanted)) return false;
    ++there[component];
  }
  for (std::size_t component = first_schema_component; component < there.size(); ++component) {
    if (mirror.entities(static_cast<std::uint16_t>(component)) != there[component]) return false;
  }
  return mirror.entities(owner_component) == entities.size();
}

bool verify(const Source& source, wire::Codec codec, const Messages& messages) {
  Mirror mirror = make_mirror(source, codec);
  RecordedWorld recorded(source.recording, source.schema, source.layout);
  std::vector<RecordedEntity> entities;
  for (std::size_t tick = 0; tick < messages.size(); ++tick) {
    recorded.step();
    if (!messages[tick].empty() && !decode(mirror, messages[tick])) return false;
    source.recording.tick(tick, entities);
    if (!same(mirror, recorded, entities)) return false;
  }
  return true;
}

}  // namespace

CodecFigures measure_codec(const Recording& recording, wire::Codec codec) {
  if (recording.ticks() == 0) throw RecordingError("it has no ticks");
  const Source source = make_source(recording);
  CodecFigures figures;
  Messages messages;
  std::int64_t encode_ns = std::numeric_limits<std::int64_t>::max(), decode_ns = encode_ns;
  double idle_ns = std::numeric_limits<double>::max();
  for (int run = 0; run < runs; ++run) {
    Sender sender(source, codec);
    encode_ns = std::min(encode_ns, encode_all(sender, source, messages));
    idle_ns = std::min(idle_ns, encode_idle_ns(source, codec));
    decode_ns = std::min(decode_ns, decode_all(source, codec, messages));
  }
  count_bytes(figures, source, messages, codec);
  const auto ticks = static_cast<double>(figures.ticks);
  figures.encode_us_per_tick = static_cast<double>(encode_ns) * 1e-3 / ticks;
  figures.encode_ns_per_unchanged = idle_ns;
  figures.decode_us_per_tick = static_cast<double>(decode_ns) * 1e-3 / ticks;
  figures.verified = verify(source, codec, messages);
  return figures;
}

}  // namespace tickrelay::bench
