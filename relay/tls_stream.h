// One TLS connection over a descriptor that does not block: what the admin socket speaks over TCP, and tickrelayctl.
// Owner: one thread. The descriptor stays the caller's, and outlives it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct ssl_st;
struct ssl_ctx_st;

namespace tickrelay {

class Tls;

struct ReleaseTls {
    void operator()(ssl_ctx_st* context) const;
    void operator()(ssl_st* connection) const;
};
using TlsContext = std::unique_ptr<ssl_ctx_st, ReleaseTls>;

TlsContext make_server_context(Tls& tls);  // tls must outlive it

class TlsStream {
  public:
    enum class Result : std::uint8_t {
        done,
        wait,   // poll the descriptor for events(), then call the same again
        ended,  // the peer will send no more
        failed  // why() says it; nothing but the end is left
    };

    static TlsStream accept(ssl_ctx_st& context, int fd);
    // host: what the server's certificate must be for, a name or an address.
    static TlsStream connect(ssl_ctx_st& context, int fd, const std::string& host);
    ~TlsStream();  // says goodbye, if the kernel takes it at once
    TlsStream(TlsStream&&) noexcept = default;
    TlsStream& operator=(TlsStream&&) = delete;

    Result handshake();
    Result read(std::span<char> to, std::size_t& got);
    Result write(std::string_view bytes, std::size_t& took);

    [[nodiscard]] bool established() const { return established_; }
    [[nodiscard]] bool holds_read() const;              // bytes that poll() knows nothing of
    [[nodiscard]] short events() const { return events_; }  // of poll(): what the last `wait` waits for
    [[nodiscard]] std::string peer() const;             // subject of the peer's certificate, "CN=arena-1,O=studio"; empty: none
    [[nodiscard]] const std::string& why() const { return why_; }

  private:
    TlsStream(ssl_ctx_st& context, int fd);
    Result result_of(int returned);

    std::unique_ptr<ssl_st, ReleaseTls> ssl_;
    short events_ = 0;
    bool established_ = false;
    std::string why_;
};

}  // namespace tickrelay
