#include "bench/peers/socketio_dialect.h"

#include <charconv>

#include "bench/peers/plain_dialect.h"

namespace tickrelay::bench {
namespace {

// Engine.IO's packet type, then Socket.IO's.
constexpr std::string_view open_packet = "0", ping_packet = "2", pong_packet = "3";
constexpr std::string_view connected_packet = "40", event_packet = "42", binary_event_packet = "451-";
constexpr std::string_view state_json = R"(["state",)", welcome_json = R"(["welcome",)";
constexpr std::string_view state_attached = R"(["state",{"_placeholder":true,"num":0}])";
constexpr std::string_view move_attached = R"(451-["move",{"_placeholder":true,"num":0}])";

template <class Number>
bool take_number(std::string_view& text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return error == std::errc{};
}

bool take(std::string_view& text, std::string_view expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(expected.size());
  return true;
}

// "[[id,x,y,z,yaw],…]]": of an array of arrays, with the bracket that ends the event.
bool tell_entities(DialectLine& line, std::string_view text) {
  if (text == "[]]") return true;
  if (!take(text, "[")) return false;
  do {
    std::uint32_t entity = 0;
    Placement placement;
    if (!take(text, "[") || !take_number(text, entity)) return false;
    for (float& value : placement) {
      if (!take(text, ",") || !take_number(text, value)) return false;
    }
    if (!take(text, "]")) return false;
    line.value(entity, placement);
  } while (take(text, ","));
  return text == "]]";
}

}  // namespace

Endpoint SocketIoDialect::seek(const Endpoint& server, const std::string& room) {
  if (!room.empty()) room_ = room;
  attachment_follows_ = false;
  return server;
}

bool SocketIoDialect::on_text(DialectLine& line, std::string_view text) {
  if (text == ping_packet) {
    line.send_text(pong_packet);
    return true;
  }
  if (text.starts_with(event_packet)) return on_event(line, text.substr(event_packet.size()));
  if (text.starts_with(binary_event_packet)) {
    attachment_follows_ = text.substr(binary_event_packet.size()) == state_attached;
    return attachment_follows_;
  }
  if (text.starts_with(connected_packet)) return true;
  if (!text.starts_with(open_packet)) return false;
  line.send_text(std::string(connected_packet) + R"({"room":")" + room_ + R"("})");
  return true;
}

bool SocketIoDialect::on_event(DialectLine& line, std::string_view json) {
  if (take(json, state_json)) {
    if (line.wants_values() && !tell_entities(line, json)) return false;
    line.frame();
    return true;
  }
  std::uint32_t entity = 0;
  if (!take(json, welcome_json) || !take_number(json, entity)) return false;
  line.seated(entity);
  return true;
}

bool SocketIoDialect::on_binary(DialectLine& line, std::span<const std::uint8_t> message) {
  if (!attachment_follows_) return false;
  attachment_follows_ = false;
  if (line.wants_values() && !tell_plain_entities(line, message)) return false;
  line.frame();
  return true;
}

void SocketIoDialect::move(DialectLine& line, const Placement& placement) {
  if (binary_) {
    line.send_text(move_attached);
    line.send(Opcode::binary, {reinterpret_cast<const std::uint8_t*>(placement.data()), sizeof placement});
    return;
  }
  text_ = R"(42["move",[)";
  for (const float value : placement) {
    char number[32];
    const auto end = std::to_chars(number, number + sizeof number, value).ptr;
    text_.append(number, end).append(",");
  }
  text_.back() = ']';
  line.send_text(text_ += "]");
}

}  // namespace tickrelay::bench
