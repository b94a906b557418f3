#include "tests/e2e/websocket/raw_client.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace tickrelay::test {
namespace {

constexpr unsigned char mask[4] = {0x37, 0xFA, 0x21, 0x3D};

}  // namespace

int Frame::close_code() const {
    if (opcode != closing || payload.size() < 2) return -1;
    return static_cast<unsigned char>(payload[0]) << 8 | static_cast<unsigned char>(payload[1]);
}

std::string Frame::close_text() const { return payload.size() < 2 ? "" : payload.substr(2); }

std::string frame_head(int opcode, std::uint64_t length, int length_bytes, bool final) {
    std::string head;
    head.push_back(static_cast<char>((final ? 0x80 : 0) | opcode));
    head.push_back(static_cast<char>(0x80 | (length_bytes == 1 ? length : length_bytes == 2 ? 126 : 127)));
    for (int i = length_bytes - 1; length_bytes > 1 && i >= 0; --i)
        head.push_back(static_cast<char>(length >> (8 * i)));
    head.append(reinterpret_cast<const char*>(mask), 4);
    return head;
}

std::string client_frame(int opcode, std::string_view payload, bool final) {
    const int length_bytes = payload.size() < 126 ? 1 : payload.size() < 65'536 ? 2 : 8;
    std::string frame = frame_head(opcode, payload.size(), length_bytes, final);
    for (std::size_t i = 0; i < payload.size(); ++i) frame.push_back(static_cast<char>(payload[i] ^ mask[i % 4]));
    return frame;
}

std::string upgrade_request(std::string_view path, std::string_view subprotocol, std::string_view version) {
    std::string request = "GET " + std::string(path) +
                          " HTTP/1.1\r\nHost: relay\r\nUpgrade: websocket\r\n"
                          "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    if (!version.empty()) request.append("Sec-WebSocket-Version: ").append(version).append("\r\n");
    if (!subprotocol.empty()) request.append("Sec-WebSocket-Protocol: ").append(subprotocol).append("\r\n");
    return request + "\r\n";
}

RawClient::RawClient(std::uint16_t port, std::string_view host, int receive_buffer_bytes) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    addrinfo* at = nullptr;
    if (getaddrinfo(std::string(host).c_str(), std::to_string(port).c_str(), &hints, &at) != 0) return;
    fd_ = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (receive_buffer_bytes > 0) {
        setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes);
    }
    if (connect(fd_, at->ai_addr, at->ai_addrlen) != 0) close();
    freeaddrinfo(at);
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

RawClient::RawClient(RawClient&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), end_(other.end_), buffer_(std::move(other.buffer_)) {}

RawClient::~RawClient() { close(); }

void RawClient::close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

void RawClient::reset() {
    const linger hard{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close();
}

bool RawClient::upgrade() { return write(upgrade_request()) && read_until("\r\n\r\n").starts_with("HTTP/1.1 101"); }

bool RawClient::write(std::string_view bytes) {
    while (!bytes.empty()) {
        pollfd writable{fd_, POLLOUT, 0};
        if (poll(&writable, 1, static_cast<int>(std::chrono::milliseconds(patience).count())) <= 0) return false;
        const long sent = put(bytes);
        if (sent == 0) return false;
        bytes.remove_prefix(sent > 0 ? static_cast<std::size_t>(sent) : 0);
    }
    return true;
}

long RawClient::put(std::string_view bytes) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent < 0 && errno != EAGAIN ? 0 : sent;
}

long RawClient::take(char* to, std::size_t bytes_max) {
    const ssize_t bytes = recv(fd_, to, bytes_max, MSG_DONTWAIT);
    return bytes < 0 && errno != EAGAIN ? 0 : bytes;
}

bool RawClient::fill() {
    if (end_ || fd_ < 0) return false;
    char part[16 * 1024];
    long bytes = 0;
    while ((bytes = take(part, sizeof part)) < 0) {
        pollfd readable{fd_, POLLIN, 0};
        if (poll(&readable, 1, static_cast<int>(std::chrono::milliseconds(patience).count())) <= 0) return false;
    }
    end_ = bytes == 0;
    if (bytes > 0) buffer_.append(part, static_cast<std::size_t>(bytes));
    return !end_;
}

std::string RawClient::read_until(std::string_view end) {
    std::size_t at = buffer_.find(end);
    while (at == std::string::npos && fill()) at = buffer_.find(end);
    return read_bytes(at == std::string::npos ? buffer_.size() : at + end.size());
}

std::string RawClient::read_bytes(std::size_t bytes) {
    while (buffer_.size() < bytes && fill()) {
    }
    std::string result = buffer_.substr(0, bytes);
    buffer_.erase(0, bytes);
    return result;
}

std::string RawClient::read_http() {
    std::string answer = read_until("\r\n\r\n");
    const std::size_t at = answer.find("content-length: ");
    if (at == std::string::npos) return answer;
    return answer + read_bytes(std::stoul(answer.substr(at + 16)));
}

std::optional<Frame> RawClient::read_frame() {
    std::string head = read_bytes(2);
    if (head.size() < 2) return std::nullopt;
    Frame frame{(head[0] & 0x80) != 0, head[0] & 0x0F, {}};
    std::uint64_t length = head[1] & 0x7F;
    if (length >= 126) {
        length = 0;
        for (const char c : read_bytes((head[1] & 0x7F) == 126 ? 2 : 8))
            length = length << 8 | static_cast<unsigned char>(c);
    }
    frame.payload = read_bytes(length);
    if (frame.payload.size() < length) return std::nullopt;
    return frame;
}

bool RawClient::ended() {
    while (fill()) buffer_.clear();
    return end_;
}

}  // namespace tickrelay::test
