#include "bench/load/connection.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

namespace tickrelay::bench {
namespace {

constexpr int abnormal_close = 1006;
constexpr std::size_t upgrade_bytes_max = 16'384;

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

Connection::~Connection() {
  if (socket_ >= 0) ::close(socket_);
}

bool Connection::start(const Endpoint& endpoint, int receive_buffer_bytes) {
  socket_ = connect_socket(endpoint, SOCK_NONBLOCK, receive_buffer_bytes);
  if (socket_ < 0) return false;
  state_ = State::connecting;
  host_ = endpoint.host;
  path_ = endpoint.path;
  protocol_ = endpoint.protocol;
  name_ = endpoint.name;
  trust_ = endpoint.tls;
  partial_.clear(), unsent_.clear();
  return true;
}

void Connection::on_writable() {
  if (state_ == State::connecting) return on_connected();
  if (state_ == State::shaking_hands) return shake_hands();
  const std::vector<std::uint8_t> rest = std::exchange(unsent_, {});
  if (!rest.empty()) write(rest);
}

void Connection::on_connected() {
  int error = 0;
  socklen_t bytes = sizeof error;
  getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &bytes);
  if (error != 0) return end(abnormal_close, std::strerror(error));
  if (!trust_) return ask_for_upgrade();
  tls_.emplace(*trust_, socket_, name_, session_);
  state_ = State::shaking_hands;
  shake_hands();
}

void Connection::shake_hands() {
  const TlsStream::Shaken shaken = tls_->shake();
  if (shaken == TlsStream::Shaken::failed) return end(abnormal_close, tls_->why());
  if (shaken == TlsStream::Shaken::done) ask_for_upgrade();
}

void Connection::ask_for_upgrade() {
  // Sixteen bytes of base64; what they decode to is nobody's business.
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  key_.clear();
  for (int i = 0; i < 21; ++i) key_ += letters[random() % letters.size()];
  key_ += "A==";
  state_ = State::upgrading;
  write(bytes_of(upgrade_request(host_, path_, key_, protocol_)));
}

std::size_t Connection::read(std::span<std::uint8_t> scratch, std::size_t bytes_max) {
  if (socket_ < 0 || state_ == State::connecting) return 0;
  if (state_ == State::shaking_hands) return shake_hands(), 0;
  if (partial_.size() + 65'536 > scratch.size()) return end(abnormal_close, "message too large"), 0;
  std::copy(partial_.begin(), partial_.end(), scratch.begin());
  const std::size_t room = std::min(scratch.size() - partial_.size(), bytes_max);
  const auto free = scratch.subspan(partial_.size(), room);
  const ssize_t count = tls_ ? tls_->receive(free) : recv(socket_, free.data(), free.size(), 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
  if (count < 0) return end(abnormal_close, std::strerror(errno)), 0;
  if (count == 0) return end(abnormal_close, "the server closed the connection"), 0;
  auto bytes = scratch.first(partial_.size() + static_cast<std::size_t>(count));
  if (state_ == State::upgrading) bytes = bytes.subspan(take_upgrade(bytes));
  if (state_ == State::open) bytes = bytes.subspan(take_frames(bytes));
  partial_.assign(bytes.begin(), bytes.end());
  return static_cast<std::size_t>(count);
}

std::size_t Connection::take_upgrade(std::span<const std::uint8_t> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::size_t end_of_head = text.find("\r\n\r\n");
  if (end_of_head == std::string_view::npos) {
    if (bytes.size() > upgrade_bytes_max) end(abnormal_close, "the handshake's answer is too long");
    return 0;
  }
  const std::string_view head = text.substr(0, end_of_head);
  if (!head.starts_with("HTTP/1.1 101 ")) {
    end(abnormal_close, "the handshake was answered with " + std::string(head.substr(0, head.find("\r\n"))));
    return bytes.size();
  }
  if (header_value(head, "Sec-WebSocket-Accept") != accept_key(key_)) {
    end(abnormal_close, "the handshake's key does not agree");
    return bytes.size();
  }
  state_ = State::open;
  events_.on_open();
  return end_of_head + 4;
}

std::size_t Connection::take_frames(std::span<std::uint8_t> bytes) {
  std::size_t taken = 0;
  while (state_ == State::open) {
    const WebSocketFrame frame = parse_frame(bytes.subspan(taken), message_bytes_max);
    if (frame.state == WebSocketFrame::State::incomplete) return taken;
    if (frame.state == WebSocketFrame::State::broken) {
      end(abnormal_close, "the server broke the WebSocket framing");
      break;
    }
    taken += frame.bytes;
    if (frame.opcode == Opcode::binary) {
      events_.on_message(frame.payload);
    } else if (frame.opcode == Opcode::text) {
      const auto* text = reinterpret_cast<const char*>(frame.payload.data());
      if (!events_.on_text({text, frame.payload.size()})) end(abnormal_close, "the server sent text");
    } else if (frame.opcode == Opcode::close) {
      take_close(frame.payload);
    } else if (frame.opcode == Opcode::ping) {
      frame_.clear();
      append_client_frame(frame_, Opcode::pong, frame.payload, random());
      write(frame_);
    }
  }
  return bytes.size();
}

void Connection::take_close(std::span<const std::uint8_t> payload) {
  const int code = payload.size() >= 2 ? payload[0] << 8 | payload[1] : 1005;
  const std::size_t reason_bytes = payload.size() >= 2 ? payload.size() - 2 : 0;
  const std::string reason(reinterpret_cast<const char*>(payload.data()) + payload.size() - reason_bytes, reason_bytes);
  frame_.clear();
  append_client_frame(frame_, Opcode::close, payload.first(std::min<std::size_t>(payload.size(), 2)), random());
  write(frame_);
  end(code, reason);
}

Connection::Sent Connection::send(std::span<const std::uint8_t> message, Opcode opcode) {
  if (state_ != State::open || unsent_.size() > unsent_bytes_max) return Sent::refused;
  frame_.clear();
  append_client_frame(frame_, opcode, message, random());
  return write(frame_) ? Sent::written : Sent::kept;
}

// Keeps what the socket does not take. A dead socket is noticed when it is read.
bool Connection::write(std::span<const std::uint8_t> bytes) {
  ssize_t count = 0;
  if (unsent_.empty()) count = std::max<ssize_t>(tls_ ? tls_->send(bytes) : ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL), 0);
  unsent_.insert(unsent_.end(), bytes.begin() + count, bytes.end());
  return unsent_.empty();
}

void Connection::drop() {
  if (socket_ < 0) return;
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close_socket();
}

void Connection::end(int code, const std::string& reason) {
  if (state_ == State::closed) return;
  close_socket();
  events_.on_closed(code, reason);
}

void Connection::close_socket() {
  if (tls_ && state_ != State::shaking_hands) session_ = tls_->session();
  tls_.reset();
  ::close(socket_);
  socket_ = -1;
  state_ = State::closed;
}

std::uint32_t Connection::random() {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 17;
  random_ ^= random_ << 5;
  return random_;
}

}  // namespace tickrelay::bench
