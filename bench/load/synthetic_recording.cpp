#include "bench/load/synthetic_recording.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <random>
#include <string_view>
#include <utility>

namespace tickrelay::bench {
namespace {

constexpr double steps_per_m = 1000;

struct Mover {
  std::uint32_t id = 0;
  double x = 0, y = 0, z = 0, speed_x = 0, speed_y = 0, heading = 0;
  std::int32_t left_ticks = 0;  // of its rest or glide, or of its visit

  void glide(double step_s) { x += speed_x * step_s, y += speed_y * step_s; }
};

class Writer {
 public:
  void number(std::uint32_t value) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(&value);
    bytes_.insert(bytes_.end(), bytes, bytes + sizeof value);
  }
  void value(double value) { number(static_cast<std::uint32_t>(static_cast<std::int32_t>(std::lround(value)))); }
  void name(std::string_view text) {
    std::array<char, 16> padded{};
    text.copy(padded.data(), padded.size());
    bytes_.insert(bytes_.end(), padded.begin(), padded.end());
  }
  void field(std::string_view text, std::uint32_t native_bytes) { name(text), number(native_bytes); }
  std::vector<std::uint8_t> take() { return std::move(bytes_); }

 private:
  std::vector<std::uint8_t> bytes_;
};

// Two types: body (awake, x y z in mm, heading in 1/512 turns) and visitor (x y in mm).
class Scene {
 public:
  explicit Scene(const SyntheticOptions& options) : options_(options), random_(options.seed) {
    for (std::uint32_t i = 0; i < options.bodies; ++i) bodies_.push_back(make(i, 50));
  }

  void write(Writer& writer) const {
    writer.number(static_cast<std::uint32_t>(bodies_.size() + visitors_.size()));
    for (const Mover& body : bodies_) {
      writer.number(0), writer.number(body.id);
      const bool awake = body.speed_x != 0 || body.speed_y != 0;
      writer.value(awake ? 1 : 0);
      for (const double place : {body.x, body.y, body.z}) writer.value(place * steps_per_m);
      writer.value(std::floor(body.heading * 512));
    }
    for (const Mover& visitor : visitors_) {
      writer.number(1), writer.number(visitor.id);
      writer.value(visitor.x * steps_per_m), writer.value(visitor.y * steps_per_m);
    }
  }

  void step() {
    const double step_s = 1.0 / options_.hz;
    for (Mover& body : bodies_) step_body(body, step_s);
    for (Mover& visitor : visitors_) visitor.glide(step_s), --visitor.left_ticks;
    std::erase_if(visitors_, [](const Mover& visitor) { return visitor.left_ticks <= 0; });
    const double wanted = options_.visitors * step_s / 4;  // a visit takes four seconds on average
    if (options_.visitors > 0 && uniform(0, 1) < wanted) visitors_.push_back(make(next_visitor_++, 8 * options_.hz));
  }

 private:
  double uniform(double from, double to) { return std::uniform_real_distribution<double>(from, to)(random_); }

  Mover make(std::uint32_t id, double ticks_max) {
    return {.id = id,
            .x = uniform(-20, 20),
            .y = uniform(-20, 20),
            .z = uniform(0, 1),
            .speed_x = uniform(-2, 2),
            .speed_y = uniform(-2, 2),
            .heading = uniform(0, 1),
            .left_ticks = static_cast<std::int32_t>(uniform(1, ticks_max))};
  }

  // Friction brings it to rest; a push sets it off again.
  void step_body(Mover& body, double step_s) {
    body.glide(step_s);
    body.speed_x *= 0.98, body.speed_y *= 0.98;
    const bool resting = std::hypot(body.speed_x, body.speed_y) < 0.05;
    if (resting) body.speed_x = body.speed_y = 0;
    if (!resting) body.heading = std::fmod(body.heading + 0.3 * step_s, 1.0);
    if (--body.left_ticks > 0) return;
    body.left_ticks = static_cast<std::int32_t>(uniform(20, 200));
    body.speed_x = uniform(-2, 2), body.speed_y = uniform(-2, 2);
  }

  SyntheticOptions options_;
  std::mt19937_64 random_;
  std::vector<Mover> bodies_, visitors_;
  std::uint32_t next_visitor_ = 0;
};

}  // namespace

std::vector<std::uint8_t> synthetic_recording(const SyntheticOptions& options) {
  Writer writer;
  writer.number(0x31525347);
  writer.number(2), writer.number(options.ticks), writer.number(std::bit_cast<std::uint32_t>(options.hz));
  writer.name("body"), writer.number(5);
  writer.field("awake", 1);
  for (const char* axis : {"x", "y", "z"}) writer.field(axis, 4);
  writer.field("heading", 2);
  writer.name("visitor"), writer.number(2);
  writer.field("x", 4), writer.field("y", 4);
  Scene scene(options);
  for (std::uint32_t tick = 0; tick < options.ticks; ++tick) {
    scene.write(writer);
    scene.step();
  }
  return writer.take();
}

}  // namespace tickrelay::bench
