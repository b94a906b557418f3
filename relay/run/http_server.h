// Serves GET and HEAD, and POST where it is asked for, over HTTP/1.1 on an address of its own: the operations port. Owner: whoever opens it; the
// handler runs on the server's thread, one request at a time.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>

#include "relay/run/acceptor.h"
#include "relay/run/lws_http.h"
#include "relay/run/lws_loop.h"

namespace tickrelay {

class HttpServer {
  public:
    explicit HttpServer(HttpHandler handler, std::size_t post_bytes_max = 0) : http_(std::move(handler), post_bytes_max) {}
    ~HttpServer() { stop(); }
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    // Listens and serves, in TLS where it is given, which must outlive this. False: `error` names the address, the cause and what to do.
    bool start(std::string_view address, std::string& error, Tls* tls = nullptr);
    void stop();
    std::uint16_t port() const { return listener_.port(); }

  private:
    void accept_ready(bool tls);

    LwsHttp http_;
    Listener listener_;
    std::atomic<bool> stopping_{false};
    std::thread thread_;
    LwsLoop loop_;  // last: its end calls http_
};

}  // namespace tickrelay
