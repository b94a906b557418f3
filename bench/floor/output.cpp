// The floor's outgoing side: one send() for one frame.

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>

#include "bench/floor/floor.h"
#include "bench/floor/peer.h"
#include "bench/net/websocket.h"

namespace tickrelay::bench {

// A frame that the socket takes nothing of is dropped; of one that it takes a part of, the rest must follow.
void Floor::send(Peer& peer, std::span<const std::uint8_t> bytes) {
  const ssize_t count = ::send(peer.socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (count == static_cast<ssize_t>(bytes.size())) return;
  peer.wants_whole = true;
  if (count <= 0) return;  // a dead socket is closed when it is read
  peer.unsent.assign(bytes.begin() + count, bytes.end());
  watch(peer, EPOLLIN | EPOLLOUT);
}

void Floor::flush(Peer& peer) {
  const ssize_t count = ::send(peer.socket, peer.unsent.data(), peer.unsent.size(), MSG_NOSIGNAL);
  if (count > 0) peer.unsent.erase(peer.unsent.begin(), peer.unsent.begin() + count);
  if (peer.unsent.empty() || (count < 0 && errno != EAGAIN)) watch(peer, EPOLLIN);
}

void Floor::watch(Peer& peer, std::uint32_t events) {
  epoll_event event{.events = events, .data = {.fd = peer.socket}};
  epoll_ctl(epoll_, EPOLL_CTL_MOD, peer.socket, &event);
}

void Floor::send_message(Peer& peer, wire::Body kind, flatbuffers::Offset<void> body) {
  wire::FinishMessageBuffer(builder_, wire::CreateMessage(builder_, kind, body));
  const std::span<const std::uint8_t> message{builder_.GetBufferPointer(), builder_.GetSize()};
  if (!peer.unsent.empty()) return append_server_frame(peer.unsent, Opcode::binary, message);
  outgoing_.clear();
  append_server_frame(outgoing_, Opcode::binary, message);
  send(peer, outgoing_);
}

}  // namespace tickrelay::bench
