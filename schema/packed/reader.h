// The bytes of StateFrame.packed → state. Foreign bytes: any of them give an error or changes that could be, in bounded time
// and memory.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "schema/packed/coder.h"
#include "schema/packed/context.h"

namespace tickrelay::packed {

// Takes what a frame says, in order.
class Changed {
 public:
  virtual ~Changed() = default;
  virtual void removed(EntityId id) = 0;
  virtual void keep_only(std::span<const EntityId> ids) = 0;
  // values: the masked fields, native, one behind the other. False: refuses it, the frame is broken.
  virtual bool put(std::size_t component, EntityId id, std::uint64_t mask, std::span<const std::byte> values) = 0;
  virtual bool put_opaque(std::size_t component, EntityId id, std::span<const std::uint8_t> value) = 0;
};

struct ReadLimits {
  std::size_t entities = 16'384;
  std::size_t opaque_bytes = 16 * 1024;  // of one value
  std::size_t lanes = 1U << 22;          // in one frame
  std::size_t opaque_bytes_all = 16U << 20;
};

class Reader {
 public:
  explicit Reader(ReadLimits limits = {}) : limits_(limits) {}

  // Of a frame of the stream; `context` is as the frame before left it. False with error() filled: broken bytes, and the
  // context with them.
  bool stream(Context& context, std::span<const std::uint8_t> bytes, Changed& changed);
  // Of any other. `context` follows, so that it is right where the frame ends at a key tick. `empty`: as for Writer.
  bool absolute(Context& context, Context& empty, std::span<const std::uint8_t> bytes, bool whole, Changed& changed);

  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  bool fail(const char* what);
  bool read_removals(RangeDecoder& coder, Context& context, Changed& changed);
  bool read_spawns(RangeDecoder& coder, Context& context);
  bool read_existing(RangeDecoder& coder, Context& context, std::size_t component, Changed& changed);
  bool read_woken(RangeDecoder& coder, Context& context, std::size_t component, Changed& changed);
  bool read_opaque(RangeDecoder& coder, ComponentModel& model, std::vector<std::uint8_t>& value);
  bool read_new(RangeDecoder& coder, Context& context, std::size_t component, Changed& changed);
  bool read_row(RangeDecoder& coder, Context& context, std::size_t component, std::uint32_t row, std::uint32_t slot, Changed& changed);
  bool read_added(RangeDecoder& coder, Context& context, std::size_t component, EntityId id, Changed& changed);
  bool read_given(RangeDecoder& coder, Context& models, Context& context, std::size_t component, EntityId id, std::uint32_t row,
                  bool all, Changed& changed);
  bool read_ids(RangeDecoder& coder, NumberModel& count, NumberModel& gap);
  bool read_listed(RangeDecoder& coder, Context& context, Context& empty, std::size_t component, bool whole, Changed& changed);
  bool put(Context& context, std::size_t component, EntityId id, std::uint64_t mask, std::uint32_t row, Changed& changed);
  bool spend(std::size_t lanes);

  ReadLimits limits_;
  std::string error_;
  std::size_t lanes_left_ = 0;
  std::size_t opaque_left_ = 0;
  std::vector<EntityId> ids_;
  std::vector<std::uint32_t> gone_;
  std::vector<std::byte> values_;
};

}  // namespace tickrelay::packed
