// A TLS connection to a relay's admin socket on another host. Owner: the program's one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "relay/tls_stream.h"

namespace tickrelay::ctl {

// What proves who is who; paths of PEM files. Empty: the system's authorities, no certificate, no token.
struct Proof {
    std::string ca;
    std::string cert;
    std::string key;
    std::string token_file;
};

inline constexpr std::string_view remote_scheme = "tls://";

class Remote {
  public:
    enum class Trust : std::uint8_t { checked, any };  // any: whoever answers will do

    // url: tls://HOST:PORT. Throws Failure 2 where a file or the URL is no good, 3 where nobody answers there or it is
    // not who it should be.
    Remote(const std::string& url, const Proof& proof, Trust trust = Trust::checked);
    ~Remote();
    Remote(const Remote&) = delete;
    Remote& operator=(const Remote&) = delete;

    bool send(std::string_view bytes);  // false: the connection has gone
    // What has come, at least a byte. False: silence for so long where `gone` stays false, else the end. -1: without end.
    bool receive(std::string& into, int timeout_ms, bool& gone);
    [[nodiscard]] std::string why() const { return stream_.why(); }

  private:
    bool wait(int timeout_ms) const;

    TlsContext context_;
    std::string host_;
    int fd_ = -1;
    TlsStream stream_;
};

}  // namespace tickrelay::ctl
