#include "network.h"

#include <algorithm>
#include <cstring>

#include "memory.h"

namespace tickrelay::sim {

void FakeSockets::open(const WirePointer& wire, const PeerAddress& from) {
  wire->from = from;
  const auto free = std::ranges::find(wires_, nullptr);
  if (free == wires_.end())
    wires_.push_back(wire);
  else
    *free = wire;
}

void FakeSockets::pause(SocketId socket, bool paused) {
  Wire& wire = *wires_[socket];
  wire.paused = paused;
  if (paused && std::max(wire.messages_paid_ns, wire.bytes_paid_ns) - clock_ns_ > 2 * second) tally_.count(Fault::throttled);
}

void FakeSockets::drop(Wire& wire, bool without_a_word) {
  if (wire.client_gone) return;
  wire.client_gone = true;
  // A peer that vanished: the kernel gives up long after the relay should have.
  const std::int64_t after = without_a_word ? 60 * second : wire.quality.delay_ns;
  if (wire.socket_ends_ns < 0) wire.socket_ends_ns = clock_ns_ + after;
}

void FakeSockets::cut(Wire& wire) {
  if (wire.client_gone || wire.ends_ns >= 0) return;
  std::erase_if(wire.down,
                [&](const Wire::Flying& flying) { return flying.arrives_ns > clock_ns_ + wire.quality.delay_ns / 2; });
  wire.ends_ns = clock_ns_ + wire.quality.delay_ns;
  wire.socket_ends_ns = wire.ends_ns;
  wire.up.clear();
  wire.broken = true;
}

void FakeSockets::cut_all() {
  for (const WirePointer& wire : wires_)
    if (wire) cut(*wire);
}

Sent FakeSockets::send(SocketId socket, std::span<const std::byte> first, std::span<const std::byte> second) {
  const Turn simulators(false);
  Wire& wire = *wires_[socket];
  SIM_REQUIRE(wire.kept.empty() && !wire.wants_writable, "a send before writable() corrupts the stream");
  SIM_REQUIRE(!wire.closing, "a send after the close frame");
  wire.told = true;
  if (wire.client_gone && clock_ns_ >= wire.socket_ends_ns) return Sent::closed;
  const std::size_t limit = wire.quality.unsent_max;
  if (wire.unsent.size() >= limit) {
    wire.wants_writable = true;
    tally_.count(Fault::refused_write);
    return Sent::refused;
  }
  std::string bytes(reinterpret_cast<const char*>(first.data()), first.size());
  bytes.append(reinterpret_cast<const char*>(second.data()), second.size());
  const std::size_t taken = std::min(bytes.size(), wire.quality.room_bytes);
  wire.unsent.append(bytes, 0, taken);
  if (taken == bytes.size()) return Sent::written;
  wire.kept = bytes.substr(taken);
  wire.wants_writable = true;
  tally_.count(Fault::partial_write);
  return Sent::kept;
}

void FakeSockets::close(SocketId socket, CloseCode code, std::string_view detail) {
  const Turn simulators(false);
  Wire& wire = *wires_[socket];
  SIM_REQUIRE(!wire.closing, "closed twice");
  wire.closing = true;
  ++closes_.all[std::string(label(code))];
  const std::string_view reason = code == CloseCode::bad_ticket ? detail.substr(0, detail.find(',')) : label(code);
  ++(wire.told ? closes_.later : closes_.turned_away)[std::string(reason)];
  const std::string text = std::string(label(code)) + (detail.empty() ? "" : ": " + std::string(detail));
  const auto number = static_cast<std::uint16_t>(code);
  std::string& out = wire.kept.empty() ? wire.unsent : wire.kept;
  out += {static_cast<char>(0x88), static_cast<char>(std::min<std::size_t>(text.size(), 120) + 2)};
  out += {static_cast<char>(number >> 8), static_cast<char>(number & 0xFF)};
  out += text.substr(0, 120);
  if (wire.socket_ends_ns < 0 || wire.socket_ends_ns > clock_ns_ + 3 * second)
    wire.socket_ends_ns = clock_ns_ + 3 * second;
}

// What the line lets through leaves the kernel's buffer; what the library kept follows.
void FakeSockets::move_bytes(Wire& wire, std::int64_t passed_ns) {
  if (wire.broken || clock_ns_ < wire.stalled_until_ns) return;
  const double most = std::max(wire.quality.bytes_per_s * 0.02, 2000.0);  // what a line holds back is not saved up
  wire.allowance = std::min(wire.allowance + wire.quality.bytes_per_s * static_cast<double>(passed_ns) / 1e9, most);
  for (;;) {
    const std::size_t bytes = std::min(wire.unsent.size(), static_cast<std::size_t>(wire.allowance));
    if (bytes != 0) {
      wire.allowance -= static_cast<double>(bytes);
      std::int64_t arrives_ns = clock_ns_ + wire.quality.delay_ns;
      if (!wire.down.empty()) arrives_ns = std::max(arrives_ns, wire.down.back().arrives_ns);
      wire.down.push_back({arrives_ns, wire.unsent.substr(0, bytes)});
      wire.delivered += bytes;
      wire.unsent.erase(0, bytes);
    }
    if (wire.kept.empty() || wire.unsent.size() >= wire.quality.unsent_max) break;
    const std::size_t more = std::min(wire.kept.size(), wire.quality.room_bytes);
    wire.unsent.append(wire.kept, 0, more);
    wire.kept.erase(0, more);
    if (bytes == 0) break;
  }
  if (wire.closing && wire.unsent.empty() && wire.kept.empty() && wire.ends_ns < 0) {
    wire.ends_ns = clock_ns_ + wire.quality.delay_ns;
    wire.socket_ends_ns = std::min(wire.socket_ends_ns, clock_ns_ + 2 * wire.quality.delay_ns);
  }
}

void FakeSockets::receive(Loop& loop, SocketId socket) {
  const WirePointer wire = wires_[socket];
  while (!wire->up.empty() && wire->up.front().arrives_ns <= clock_ns_ && !wire->paused && !wire->closing) {
    const std::string message = std::move(wire->up.front().bytes);
    wire->up.pop_front();
    pay(*wire, message.size());
    aligned_.resize(message.size() / 8 + 1);
    std::memcpy(aligned_.data(), message.data(), message.size());
    loop.received(socket, std::as_bytes(std::span(aligned_)).first(message.size()));
  }
}

// Who is more than two seconds ahead of a quota is not read.
void FakeSockets::pay(Wire& wire, std::size_t bytes) const {
  const auto charge = [this](std::int64_t& paid_ns, std::uint32_t per_s, std::size_t count) {
    if (per_s == 0) return;
    SIM_REQUIRE(!quotas_hold || paid_ns - clock_ns_ <= 2'001 * ms, "a connection above its quota is read on");
    paid_ns = std::max(paid_ns, clock_ns_) + static_cast<std::int64_t>(count) * second / per_s;
  };
  charge(wire.messages_paid_ns, quotas_.messages_per_s, 1);
  charge(wire.bytes_paid_ns, quotas_.bytes_per_s, bytes);
}

void FakeSockets::poll(Loop& loop) {
  const std::int64_t passed_ns = clock_ns_ - polled_ns_;
  polled_ns_ = clock_ns_;
  for (SocketId socket = 0; socket < wires_.size(); ++socket) {
    const WirePointer wire = wires_[socket];
    if (!wire) continue;
    if (!wire->opened) {
      wire->opened = true;
      wire->opened_ns = clock_ns_;
      loop.opened(socket);
    }
    move_bytes(*wire, passed_ns);
    receive(loop, socket);
    if (wire->wants_writable && wire->kept.empty() && wire->unsent.size() < wire->quality.unsent_max &&
        !wire->closing) {
      wire->wants_writable = false;
      loop.writable(socket);
    }
    if (wire->socket_ends_ns >= 0 && clock_ns_ >= wire->socket_ends_ns) {
      if (wire->ends_ns < 0) wire->ends_ns = clock_ns_;
      wires_[socket] = nullptr;
      closes_.gone += !wire->told && !wire->closing;
      loop.closed(socket);
      released_(wire->from);
    }
  }
}

std::size_t FakeSockets::bytes_kept() const {
  std::size_t sum = 0;
  for (const WirePointer& wire : wires_)
    if (wire) sum += wire->unsent.size() + wire->kept.size();
  return sum;
}

}  // namespace tickrelay::sim
