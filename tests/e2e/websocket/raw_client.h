// A TCP client that speaks WebSocket by hand, so that tests can also speak it wrongly. Owner: one test thread.
// Everything waits at most `patience` and then says so by an empty result.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tickrelay::test {

inline constexpr std::chrono::seconds patience{20};

struct Frame {
    bool final = false;
    int opcode = 0;
    std::string payload;

    int close_code() const;  // of a close frame, -1 where there is none
    std::string close_text() const;
};

enum Opcode : int { continuation = 0, text = 1, binary = 2, closing = 8, ping = 9, pong = 10 };

// A frame as clients send it, masked.
std::string client_frame(int opcode, std::string_view payload, bool final = true);
// The first bytes of a frame that declares `length` in `length_bytes` (1, 2 or 8) bytes, mask included.
std::string frame_head(int opcode, std::uint64_t length, int length_bytes, bool final = true);
// A header line of `name` that is empty is left out.
std::string upgrade_request(std::string_view path = "/v1", std::string_view subprotocol = "tickrelay.v1",
                            std::string_view version = "13");

class RawClient {
  public:
    explicit RawClient(std::uint16_t port, std::string_view host = "127.0.0.1", int receive_buffer_bytes = 0);
    virtual ~RawClient();
    RawClient(RawClient&& other) noexcept;
    RawClient(const RawClient&) = delete;

    bool connected() const { return fd_ >= 0; }
    bool upgrade();  // a right handshake; false where it was not answered with 101

    bool write(std::string_view bytes);
    bool send(int opcode, std::string_view payload) { return write(client_frame(opcode, payload)); }

    std::string read_until(std::string_view end);  // up to and with `end`; what came where the peer closed before
    std::string read_bytes(std::size_t bytes);
    std::string read_http();  // headers and, by content-length, the body
    std::optional<Frame> read_frame();
    bool ended();  // waits for the end of the connection, throwing away what comes before
    void reset();  // closes with RST
    void close();
    int fd() const { return fd_; }

  protected:
    // At once, what goes: bytes, 0 at the end of the connection, -1 where poll would have to wait.
    virtual long put(std::string_view bytes);
    virtual long take(char* to, std::size_t bytes_max);

  private:
    bool fill();  // false: end or no patience left

    int fd_ = -1;
    bool end_ = false;
    std::string buffer_;
};

}  // namespace tickrelay::test
