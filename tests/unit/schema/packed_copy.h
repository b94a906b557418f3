// A player's copy of a PackedWorld, kept by frames alone. Owner: one test.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "schema/packed/reader.h"
#include "tests/unit/schema/packed_world.h"

namespace tickrelay::test {

enum class Kind : std::uint8_t { stream, catch_up, whole };

// What a StateFrame says beside its bytes.
struct PackedFrame {
  std::uint32_t tick = 0, base = 0;
  Kind kind = Kind::stream;
  bool key = false;
  bool has_state = true;
  std::uint32_t hash = 0;  // after it, at key ticks
  std::vector<std::uint8_t> bytes = {};
};

class PackedCopy final : public packed::Changed {
 public:
  explicit PackedCopy(const std::vector<Shape>& shapes, packed::ReadLimits limits = {});

  // False: it could not be read.
  bool apply(const PackedFrame& frame);

  [[nodiscard]] const State& state() const { return state_; }
  [[nodiscard]] bool in_stream() const { return in_stream_; }
  [[nodiscard]] std::uint32_t hash() { return context_.hash(); }
  [[nodiscard]] std::uint32_t tick() const { return tick_; }
  [[nodiscard]] const std::string& error() const { return reader_.error(); }
  // Values that frames told: how much work it was.
  [[nodiscard]] std::size_t told() const { return told_; }

  void removed(EntityId id) override;
  void keep_only(std::span<const EntityId> ids) override;
  bool put(std::size_t component, EntityId id, std::uint64_t mask, std::span<const std::byte> values) override;
  bool put_opaque(std::size_t component, EntityId id, std::span<const std::uint8_t> value) override;

 private:
  const std::vector<Shape>& shapes_;
  packed::Context context_, empty_;
  packed::Reader reader_;
  State state_;
  bool in_stream_ = false;
  std::uint32_t tick_ = 0;
  std::size_t told_ = 0;
};

// The relay's side: the stream, and frames for those beside it.
class PackedRelay {
 public:
  explicit PackedRelay(const PackedWorld& world);

  // The stream's frame of the world's tick, or at first only its key tick.
  PackedFrame stream(bool key);
  // After stream(), where the tick is a key tick.
  PackedFrame absolute(std::uint32_t base, bool key, bool lists_alive = false);

 private:
  const PackedWorld& world_;
  packed::Context context_, empty_;
  packed::Writer writer_;
  std::uint32_t at_ = 0;
};

}  // namespace tickrelay::test
