// Answers HTTP/1.1 GET and HEAD requests within a libwebsockets context. Owner: the thread of that context.
//
// A response body is made at once by the handler and leaves in pieces as the peer takes it: at most one body per
// connection.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

struct lws;
struct lws_protocols;

namespace tickrelay {

struct HttpRequest {
    std::string_view path;   // decoded, without the query
    std::string_view query;  // decoded, "a=1&b=2", or empty
};

struct HttpResponse {
    int status = 200;
    std::string content_type = "text/plain; charset=utf-8";
    std::string body;
    // Pages name what they load: "default-src 'self'; connect-src *".
    std::string content_security_policy = "default-src 'none'; frame-ancestors 'none'";
};

// Runs on the context's thread and holds up everything else there: a few hundred microseconds at most.
using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

inline constexpr const char* websocket_path = "/v1";
inline constexpr const char* websocket_subprotocol = "tickrelay.v1";

// Which upgrade requests become players' connections, and the guards against what libwebsockets would do with the rest.
// For LWS_CALLBACK_HTTP_CONFIRM_UPGRADE: 0 lets it pass, -1 closes, after an HTTP status where that is safe.
int confirm_upgrade(lws* connection);

class LwsHttp {
  public:
    // Of the libwebsockets protocol that calls handle(): zeroed by it, a plain pointer's worth.
    static constexpr std::size_t session_bytes = 2 * sizeof(void*);

    // For LwsLoop::open() with an LwsHttp as user: HTTP and nothing else.
    static const lws_protocols* protocols();

    explicit LwsHttp(HttpHandler handler) : handler_(std::move(handler)) {}

    // Called with what the protocol's callback got; returns what that must return.
    int handle(lws* connection, int reason, void* session, void* in, std::size_t bytes);

  private:
    int respond(lws* connection, void* session, std::string_view path);
    int send_headers(lws* connection, const HttpResponse& response);
    int send_body(lws* connection, void* session);

    HttpHandler handler_;
};

}  // namespace tickrelay
