// Answers HTTP/1.1 GET and HEAD requests, and POST where it is asked for, within a libwebsockets context. Owner: the
// thread of that context.
//
// A response body is made at once by the handler and leaves in pieces as the peer takes it: at most one body per
// connection, and at most one request body, which is complete before the handler sees it.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "relay/address.h"

struct lws;
struct lws_protocols;

namespace tickrelay {

struct HttpRequest {
    std::string_view path = {};   // decoded, without the query
    std::string_view query = {};  // "a=1&b=2", or empty: decoded but for %26 and %25, & and % within a value
    bool post = false;       // else GET or HEAD
    // Headers as they came; empty where missing.
    std::string_view host = {};
    std::string_view origin = {};
    std::string_view content_type = {};
    std::string_view body = {};  // of a POST
    PeerAddress peer{};          // of a POST
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

// Whether a PROXY header of version 1 came first: libwebsockets knows the word, and reads over such a line before a request.
bool has_proxy_line(lws* connection);

// Which upgrade requests become players' connections, and the guards against what libwebsockets would do with the rest.
// For LWS_CALLBACK_HTTP_CONFIRM_UPGRADE: 0 lets it pass, -1 closes, after an HTTP status where that is safe.
// allows: whether a page of this origin may connect, empty where there is none; may be empty itself. forbidden: it may not.
int confirm_upgrade(lws* connection, const std::function<bool(std::string_view origin)>& allows, bool& forbidden);

class LwsHttp {
  public:
    // Of the libwebsockets protocol that calls handle(): zeroed by it, plain pointers.
    static constexpr std::size_t session_bytes = 3 * sizeof(void*);

    // For LwsLoop::open() with an LwsHttp as user: HTTP and nothing else.
    static const lws_protocols* protocols();

    // post_bytes_max: of a request's body; 0: POST is refused like every other method.
    explicit LwsHttp(HttpHandler handler, std::size_t post_bytes_max = 0) : handler_(std::move(handler)), post_bytes_max_(post_bytes_max) {}

    // Called with what the protocol's callback got; returns what that must return.
    int handle(lws* connection, int reason, void* session, void* in, std::size_t bytes);

  private:
    int respond(lws* connection, void* session, std::string_view path);
    int receive(lws* connection, void* session, std::string_view path);
    int receive_body(lws* connection, void* session, std::string_view piece) const;
    int respond_to_post(lws* connection, void* session);
    int send(lws* connection, void* session, HttpResponse response, bool with_body);
    int send_headers(lws* connection, const HttpResponse& response);
    int send_body(lws* connection, void* session);

    HttpHandler handler_;
    std::size_t post_bytes_max_;
};

}  // namespace tickrelay
