#include "bench/floor/floor.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "bench/floor/peer.h"
#include "bench/floor/welcome.h"
#include "bench/net/clock.h"
#include "bench/net/websocket.h"

namespace tickrelay::bench {
namespace {

constexpr std::size_t message_bytes_max = 65'536;
constexpr std::size_t read_bytes = 65'536;
constexpr int events_max = 1'024;

}  // namespace

Floor::Floor(int listening_socket, FloorOptions options)
    : options_(options), listening_(listening_socket), epoll_(epoll_create1(EPOLL_CLOEXEC)), zero_ns_(now_ns()) {
  zero_ns_ -= zero_ns_ % us_ns;
  epoll_event event{.events = EPOLLIN, .data = {.fd = listening_}};
  epoll_ctl(epoll_, EPOLL_CTL_ADD, listening_, &event);
}

Floor::~Floor() {
  for (const auto& peer : peers_) {
    if (peer) ::close(peer->socket);
  }
  ::close(epoll_);
}

void Floor::run(const std::atomic<bool>& stop) {
  while (!stop) {
    const std::int64_t due_ns = next_due_ns();
    if (options_.lazy) sleep_until_ns(due_ns);
    wait(due_ns);
    const std::int64_t now = now_ns();
    for (const auto& room : rooms_) {
      const std::uint32_t number = room->tick_at(now);
      if (number > room->tick) tick(*room, number);
    }
  }
}

std::int64_t Floor::next_due_ns() const {
  std::int64_t due_ns = now_ns() + second_ns / options_.rate_hz;
  if (!options_.stagger) return rooms_.empty() ? due_ns : rooms_.front()->due_ns(rooms_.front()->tick + 1);
  for (const auto& room : rooms_) due_ns = std::min(due_ns, room->due_ns(room->tick + 1));
  return due_ns;
}

// Reads what comes until then, and at the end all that is there.
void Floor::wait(std::int64_t until_ns) {
  std::array<epoll_event, events_max> events;
  for (;;) {
    const std::int64_t left_ns = std::max<std::int64_t>(until_ns - now_ns(), 0);
    const timespec timeout{left_ns / second_ns, left_ns % second_ns};
    const int count = epoll_pwait2(epoll_, events.data(), events_max, &timeout, nullptr);
    for (int i = 0; i < count; ++i) {
      const int socket = events[i].data.fd;
      if (socket == listening_) {
        accept_all();
        continue;
      }
      Peer& peer = *peers_[socket];
      if (events[i].events & EPOLLOUT) flush(peer);
      if (events[i].events & ~std::uint32_t{EPOLLOUT}) read(peer);
    }
    if (count < events_max && left_ns == 0) return;
  }
}

void Floor::accept_all() {
  for (;;) {
    const int socket = accept4(listening_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket < 0) return;
    set_no_delay(socket);
    if (peers_.size() <= static_cast<std::size_t>(socket)) peers_.resize(socket + 1);
    peers_[socket] = std::make_unique<Peer>();
    peers_[socket]->socket = socket;
    epoll_event event{.events = EPOLLIN, .data = {.fd = socket}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
  }
}

void Floor::close(Peer& peer) {
  if (peer.room != nullptr) {
    peer.room->remove(peer.entity);
    std::erase(peer.room->members, static_cast<std::uint32_t>(peer.socket));
  }
  const int socket = peer.socket;
  ::close(socket);
  peers_[socket].reset();
}

void Floor::read(Peer& peer) {
  std::vector<std::uint8_t>& bytes = scratch_;
  bytes.assign(peer.partial.begin(), peer.partial.end());
  bytes.resize(bytes.size() + read_bytes);
  const ssize_t count = recv(peer.socket, bytes.data() + peer.partial.size(), read_bytes, 0);
  if (count < 0 && errno == EAGAIN) return;
  if (count <= 0) return close(peer);
  bytes.resize(peer.partial.size() + static_cast<std::size_t>(count));
  peer.partial.clear();
  if (!peer.upgraded && !upgrade(peer, bytes)) return;
  std::span<std::uint8_t> rest = bytes;
  for (;;) {
    const WebSocketFrame frame = parse_frame(rest, message_bytes_max);
    if (frame.state == WebSocketFrame::State::incomplete) break;
    const bool ends = frame.opcode == Opcode::close || frame.opcode == Opcode::text;
    if (frame.state == WebSocketFrame::State::broken || ends) return close(peer);
    if (frame.opcode == Opcode::binary && !receive(peer, frame.payload)) return close(peer);
    rest = rest.subspan(frame.bytes);
  }
  peer.partial.assign(rest.begin(), rest.end());
}

// True once the request is complete and answered; what follows it stays in `bytes`.
bool Floor::upgrade(Peer& peer, std::vector<std::uint8_t>& bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string_view::npos) {
    peer.partial = bytes;
    return false;
  }
  const std::string answer = upgrade_answer(header_value(text.substr(0, end), "Sec-WebSocket-Key"));
  send(peer, {reinterpret_cast<const std::uint8_t*>(answer.data()), answer.size()});
  peer.upgraded = true;
  bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(end + 4));
  return true;
}

bool Floor::receive(Peer& peer, std::span<const std::uint8_t> payload) {
  // FlatBuffers are read where they are aligned.
  alignas(8) thread_local std::array<std::uint8_t, message_bytes_max> aligned;
  std::memcpy(aligned.data(), payload.data(), payload.size());
  flatbuffers::Verifier verifier(aligned.data(), payload.size());
  if (!wire::VerifyMessageBuffer(verifier)) return false;
  const wire::Message& message = *wire::GetMessage(aligned.data());
  if (const wire::Update* update = message.body_as_Update()) {
    if (peer.room == nullptr) return false;
    if (update->actions() == nullptr) return true;
    for (const wire::Action* action : *update->actions()) peer.room->apply(*action);
    return true;
  }
  if (const wire::Ping* ping = message.body_as_Ping()) {
    builder_.Clear();
    const auto now_us = static_cast<std::uint64_t>(now_ns() / us_ns);
    send_message(peer, wire::Body::Pong, wire::CreatePong(builder_, ping->client_us(), now_us).Union());
    return true;
  }
  const wire::Join* join_message = message.body_as_Join();
  return join_message != nullptr && peer.room == nullptr && join(peer, *join_message);
}

bool Floor::join(Peer& peer, const wire::Join& join_message) {
  if (join_message.mode() == wire::JoinMode::Resume) return false;
  FloorRoom& room = seat_room(join_message);
  peer.room = &room;
  peer.entity = ++room.players_ever;
  room.add(peer.entity);
  room.members.push_back(static_cast<std::uint32_t>(peer.socket));
  builder_.Clear();
  const FloorSeat seat{room.id(), peer.entity, room.tick, options_.rate_hz, room.due_ns(0) / us_ns};
  send_message(peer, wire::Body::Welcome, build_welcome(builder_, seat).Union());
  return true;
}

FloorRoom& Floor::seat_room(const wire::Join& join_message) {
  using wire::JoinMode;
  if (join_message.mode() == JoinMode::ById && join_message.room_id() != nullptr) {
    return room_named(join_message.room_id()->str());
  }
  const bool full = open_room_ == nullptr || open_room_->members.size() >= options_.players_max;
  if (join_message.mode() == JoinMode::Create || full) {
    open_room_ = &room_named("floor-" + std::to_string(rooms_.size() + 1));
  }
  return *open_room_;
}

FloorRoom& Floor::room_named(const std::string& id) {
  const auto found = rooms_by_id_.find(id);
  if (found != rooms_by_id_.end()) return *found->second;
  // The golden ratio spreads any number of rooms evenly over the period.
  const double phase = static_cast<double>(rooms_.size()) * 0.6180339887498949;
  const double share = options_.stagger ? phase - static_cast<double>(static_cast<std::int64_t>(phase)) : 0;
  const auto shift_us = static_cast<std::int64_t>(share * 1e6 / options_.rate_hz);
  rooms_.push_back(std::make_unique<FloorRoom>(id, zero_ns_ + shift_us * us_ns, options_.rate_hz));
  rooms_.back()->tick = rooms_.back()->tick_at(now_ns());
  return *(rooms_by_id_[id] = rooms_.back().get());
}

void Floor::tick(FloorRoom& room, std::uint32_t number) {
  const auto stream = room.encode_stream(number);
  if (stream.empty()) return;
  std::span<const std::uint8_t> whole;
  for (const std::uint32_t socket : room.members) {
    Peer& peer = *peers_[socket];
    if (!peer.unsent.empty()) {
      peer.wants_whole = true;
      continue;
    }
    if (peer.wants_whole && whole.empty()) whole = room.encode_whole(number);
    const bool wanted_whole = peer.wants_whole;
    peer.wants_whole = false;
    send(peer, wanted_whole ? whole : stream);
  }
}

}  // namespace tickrelay::bench
