#include "bench/load/frame_head.h"

#include <cstring>
#include <string_view>

namespace tickrelay::bench {
namespace {

// FlatBuffers by hand: a table starts with the distance back to its vtable, which holds an offset per field.
class TableView {
 public:
  explicit TableView(std::span<const std::uint8_t> message) : message_(message) {
    table_ = number<std::uint32_t>(0);
    vtable_ = table_ - number<std::int32_t>(table_);
    vtable_bytes_ = number<std::uint16_t>(static_cast<std::size_t>(vtable_));
  }

  bool valid() const { return valid_; }

  // 0 where the field is absent.
  std::size_t place(std::uint16_t vtable_entry) {
    if (!valid_ || vtable_entry + 2 > vtable_bytes_) return 0;
    const auto offset = number<std::uint16_t>(static_cast<std::size_t>(vtable_) + vtable_entry);
    return offset == 0 ? 0 : static_cast<std::size_t>(table_) + offset;
  }

  template <class Number>
  Number number(std::size_t place) {
    Number value{};
    if (place > message_.size() || message_.size() - place < sizeof value) return valid_ = false, value;
    std::memcpy(&value, message_.data() + place, sizeof value);
    return value;
  }

  std::uint32_t scalar(std::uint16_t vtable_entry) {
    const std::size_t where = place(vtable_entry);
    return where == 0 ? 0 : number<std::uint32_t>(where);
  }

  std::uint32_t vector_size(std::uint16_t vtable_entry) {
    const std::size_t where = place(vtable_entry);
    return where == 0 ? 0 : number<std::uint32_t>(where + number<std::uint32_t>(where));
  }

 private:
  std::span<const std::uint8_t> message_;
  std::int64_t table_ = 0, vtable_ = 0;
  std::uint16_t vtable_bytes_ = 0;
  bool valid_ = true;
};

}  // namespace

MessageKind kind_of(std::span<const std::uint8_t> message) {
  if (message.size() < 8) return MessageKind::unknown;
  const std::string_view identifier(reinterpret_cast<const char*>(message.data()) + 4, 4);
  if (identifier == "TRF1") return MessageKind::frame;
  return identifier == "TRM1" ? MessageKind::message : MessageKind::unknown;
}

std::optional<FrameFacts> read_frame_facts(std::span<const std::uint8_t> message) {
  using wire::StateFrame;
  TableView table(message);
  const std::size_t head = table.place(StateFrame::VT_HEAD);
  if (head == 0) return std::nullopt;
  FrameFacts facts;
  facts.tick = table.number<std::uint32_t>(head);
  facts.span = table.number<std::uint16_t>(head + 4);
  facts.kind = static_cast<wire::FrameKind>(table.number<std::uint8_t>(head + 6));
  facts.event_first = table.scalar(StateFrame::VT_EVENT_FIRST);
  facts.events = table.vector_size(StateFrame::VT_EVENTS);
  facts.complete = table.scalar(StateFrame::VT_COMPLETE);
  if (!table.valid()) return std::nullopt;
  return facts;
}

}  // namespace tickrelay::bench
