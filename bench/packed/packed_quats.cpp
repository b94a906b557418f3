// What an orientation costs in codec packed, as a quaternion and otherwise: bytes an update, and time to encode and decode.
//
//   tickrelay-packed-quats
//
// Made-up bodies, the same in every run: 32 of them at 30 Hz for 40 s, a key tick each second.
#include <array>
#include <chrono>
#include <cmath>
#include <cstring>
#include <iomanip>
#include <iostream>
#include <stdexcept>
#include <utility>
#include <vector>

#include "schema/packed/reader.h"
#include "schema/packed/writer.h"
#include "schema/state/quantise.h"

namespace tickrelay::bench {
namespace {

constexpr std::size_t bodies = 32;
constexpr std::uint32_t ticks = 1200, hz = 30;
constexpr double step_s = 1.0 / hz;

using Turn = std::array<double, 4>;  // a unit quaternion x y z w
using Axis = std::array<double, 3>;

class Chance {
 public:
  double uniform() {  // -1 to 1
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return static_cast<double>(static_cast<std::int64_t>(state_ * 0x2545f4914f6cdd1dU)) * 0x1p-63;
  }
  Axis axis(double length) { return {length * uniform(), length * uniform(), length * uniform()}; }

 private:
  std::uint64_t state_ = 0x9e3779b97f4a7c15U;
};

Turn product(const Turn& a, const Turn& b) {
  return {a[3] * b[0] + a[0] * b[3] + a[1] * b[2] - a[2] * b[1], a[3] * b[1] - a[0] * b[2] + a[1] * b[3] + a[2] * b[0],
          a[3] * b[2] + a[0] * b[1] - a[1] * b[0] + a[2] * b[3], a[3] * b[3] - a[0] * b[0] - a[1] * b[1] - a[2] * b[2]};
}

// By `angles`, radians around each axis at once.
Turn turned(const Turn& from, const Axis& angles) {
  const double angle = std::sqrt(angles[0] * angles[0] + angles[1] * angles[1] + angles[2] * angles[2]);
  if (angle == 0) return from;
  const double s = std::sin(angle / 2) / angle;
  return product({angles[0] * s, angles[1] * s, angles[2] * s, std::cos(angle / 2)}, from);
}

Axis scaled(const Axis& axis, double by) { return {axis[0] * by, axis[1] * by, axis[2] * by}; }

struct Body {
  Turn turn = {0, 0, 0, 1};
  Axis spin{};  // rad/s
  double yaw = 0, rate = 0, goal = 0;
};

// Moves a body on by a tick and says how it stands.
using Move = Turn (*)(Body&, Chance&);

Turn tumble(Body& body, Chance& chance) {
  if (chance.uniform() > 0.96) body.spin = chance.axis(5);
  return body.turn = turned(body.turn, scaled(body.spin, step_s));
}

Turn roll(Body& body, Chance& chance) {  // pushed all the time, as on the ground
  const Axis push = chance.axis(0.6);
  for (std::size_t i = 0; i < 3; ++i) body.spin[i] = 0.97 * body.spin[i] + push[i];
  return body.turn = turned(body.turn, scaled(body.spin, step_s));
}

Turn drive(Body& body, Chance& chance) {
  body.rate = 0.95 * body.rate + 0.3 * chance.uniform();
  body.yaw += body.rate * step_s;
  const Axis lean = chance.axis(0.01);
  return turned(turned({0, 0, 0, 1}, {lean[0], 0, lean[2]}), {0, body.yaw, 0});
}

Turn look(Body& body, Chance& chance) {  // at one thing, then at another
  if (chance.uniform() > 0.95) body.goal = 2 * chance.uniform();
  body.yaw += 0.2 * (body.goal - body.yaw);
  if (std::abs(body.goal - body.yaw) < 0.01) body.yaw = body.goal;
  return turned({0, 0, 0, 1}, {0.3 * body.yaw, body.yaw, 0});
}

// How the four numbers are told.
struct Form {
  const char* name;
  FieldFlags flags;
  double precision;
};
const std::array forms{Form{"quat 0.001", FieldFlags::Quat | FieldFlags::Quantised, 0.001},
                       Form{"quat 0.00035 (12 bit)", FieldFlags::Quat | FieldFlags::Quantised, 0.00035},
                       Form{"quat 0.00277 (9 bit)", FieldFlags::Quat | FieldFlags::Quantised, 0.00277},
                       Form{"four floats of 0.001", FieldFlags::Quantised, 0.001}, Form{"four floats", {}, 0}};

struct Cost {
  double bytes = 0, encode_ns = 0, decode_ns = 0, updates = 0;
};

class Nobody final : public packed::Changed {
 public:
  void removed(packed::EntityId) override {}
  void keep_only(std::span<const packed::EntityId>) override {}
  bool put(std::size_t, packed::EntityId, std::uint64_t, std::span<const std::byte>) override { return true; }
  bool put_opaque(std::size_t, packed::EntityId, std::span<const std::uint8_t>) override { return true; }
};

std::vector<Field> fields_of(const Form& form) {
  std::vector<Field> fields(4);
  for (std::size_t i = 0; i < 4; ++i)
    fields[i] = {.name = "q",
                 .type = FieldType::Float32,
                 .offset = static_cast<std::uint16_t>(4 * i),
                 .flags = form.flags,
                 .precision = form.precision};
  return fields;
}

template <class Work>
double ns_of(Work work) {
  const auto from = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - from).count();
}

Cost measure(const Form& form, Move move) {
  const std::vector<Field> fields = fields_of(form);
  const std::vector<packed::Lanes> lanes{
      packed::Lanes(std::vector<Field>{{.name = "player", .type = FieldType::UInt32}}), packed::Lanes(fields)};
  packed::Context ours(lanes), theirs(lanes), empty(lanes);
  packed::Writer writer;
  packed::Reader reader;
  Nobody nobody;
  Chance chance;
  std::vector<Body> all(bodies);
  std::vector<std::array<float, 4>> shown(bodies);
  const std::array<std::byte, 4> owner{};
  Cost cost;
  for (std::uint32_t tick = 0; tick < ticks; ++tick) {
    packed::Changes changes;
    changes.components.resize(2);
    for (std::size_t i = 0; i < bodies; ++i) {
      const Turn turn = move(all[i], chance);
      std::array<float, 4> value;
      std::uint32_t clamped = 0;
      for (std::size_t k = 0; k < 4; ++k) value[k] = static_cast<float>(turn[k]);
      quantise_struct(fields, quats_of(fields), 0xF, reinterpret_cast<std::byte*>(value.data()), clamped);
      if (tick != 0 && value == shown[i]) continue;
      shown[i] = value;
      changes.components[1].push_back(
          {static_cast<packed::EntityId>(i), 0xF, reinterpret_cast<const std::byte*>(shown[i].data()), 0});
    }
    std::vector<std::uint8_t> bytes;
    if (tick == 0) {
      for (std::size_t i = 0; i < bodies; ++i)
        changes.components[0].push_back({static_cast<packed::EntityId>(i), 1, owner.data(), 0});
      writer.absolute(empty, changes, true, bytes);
      writer.start(ours, changes);
      reader.absolute(theirs, empty, bytes, true, nobody);
    } else {
      cost.encode_ns += ns_of([&] { writer.stream(ours, changes, bytes); });
      bool good = false;
      cost.decode_ns += ns_of([&] { good = reader.stream(theirs, bytes, nobody); });
      if (!good) throw std::runtime_error(reader.error());
      cost.bytes += static_cast<double>(bytes.size());
      cost.updates += static_cast<double>(changes.components[1].size());
    }
    if (tick % hz == 0) ours.settle(), theirs.settle();
    if (ours.hash() != theirs.hash()) throw std::runtime_error("a frame was read wrongly");
  }
  return cost;
}

int run() {
  const std::array<std::pair<const char*, Move>, 4> scenes{
      {{"tumbling bodies", tumble}, {"pushed bodies", roll}, {"cars", drive}, {"heads", look}}};
  std::cout << std::fixed << std::setprecision(2);
  for (const auto& [name, move] : scenes)
    for (const Form& form : forms) {
      const Cost cost = measure(form, move);
      std::cout << std::setw(16) << name << std::setw(24) << form.name << std::setw(8) << cost.bytes / cost.updates
                << " bytes an update, encode " << std::setw(7) << cost.encode_ns / cost.updates << " ns, decode "
                << std::setw(7) << cost.decode_ns / cost.updates << " ns\n";
    }
  return 0;
}

}  // namespace
}  // namespace tickrelay::bench

int main() {
  try {
    return tickrelay::bench::run();
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
