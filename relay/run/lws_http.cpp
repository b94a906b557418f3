#include "relay/run/lws_http.h"

#include <libwebsockets.h>
#include <strings.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

#include "relay/run/addresses.h"
#include "relay/run/lws_loop.h"

namespace tickrelay {
namespace {

constexpr std::size_t piece_bytes = 16 * 1024;
constexpr std::size_t header_bytes_max = 2048;
constexpr std::size_t argument_bytes_max = 2048;

// A request whose body is on its way: libwebsockets drops the headers by then.
struct Posted {
    std::string path, query, host, origin, content_type, body;
};

struct Session {
    std::string* body;  // of the response, with LWS_PRE bytes before it, which libwebsockets may write to
    std::size_t sent;   // LWS_PRE included
    Posted* posted;
};
static_assert(sizeof(Session) == LwsHttp::session_bytes);

void forget(void* session) {
    if (auto* s = static_cast<Session*>(session)) {
        delete s->body;
        delete s->posted;
        *s = {};
    }
}

bool add_header(lws* connection, const char* name, std::string_view value, unsigned char** at, unsigned char* end) {
    return lws_add_http_header_by_name(connection, reinterpret_cast<const unsigned char*>(name),
                                       reinterpret_cast<const unsigned char*>(value.data()),
                                       static_cast<int>(value.size()), at, end) == 0;
}

bool is_head(lws* connection) { return lws_hdr_total_length(connection, WSI_TOKEN_HEAD_URI) > 0; }
bool is_get(lws* connection) { return lws_hdr_total_length(connection, WSI_TOKEN_GET_URI) > 0; }
bool is_post(lws* connection) { return lws_hdr_total_length(connection, WSI_TOKEN_POST_URI) > 0; }

int http_callback(lws* wsi, lws_callback_reasons reason, void* session, void* in, std::size_t bytes) {
    if (LwsLoop::took(reason, session)) return 0;
    if (reason == LWS_CALLBACK_HTTP_CONFIRM_UPGRADE) return -1;
    if (reason == LWS_CALLBACK_RAW_ADOPT || reason == LWS_CALLBACK_RAW_CONNECTED) return -1;  // CONNECT
    auto* http = static_cast<LwsHttp*>(lws_context_user(lws_get_context(wsi)));
    return http ? http->handle(wsi, reason, session, in, bytes) : 0;
}

using Value = char[512];

std::string_view header(lws* connection, Value& value, lws_token_indexes token) {
    const int bytes = lws_hdr_copy(connection, value, sizeof value, token);
    return {value, bytes > 0 ? static_cast<std::size_t>(bytes) : 0};
}

bool lists(std::string_view list, std::string_view wanted) {
    while (!list.empty()) {
        const std::size_t comma = std::min(list.find(','), list.size());
        std::string_view item = list.substr(0, comma);
        while (!item.empty() && (item.front() == ' ' || item.front() == '\t')) item.remove_prefix(1);
        while (!item.empty() && (item.back() == ' ' || item.back() == '\t')) item.remove_suffix(1);
        if (item == wanted) return true;
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return false;
}

int refuse(lws* connection, std::string_view status, std::string_view extra, std::string_view why) {
    std::string text(LWS_PRE, '\0');
    text.append("HTTP/1.1 ").append(status).append("\r\ncontent-type: text/plain\r\nconnection: close\r\n");
    text.append(extra).append("content-length: ").append(std::to_string(why.size())).append("\r\n\r\n").append(why);
    lws_write(connection, reinterpret_cast<unsigned char*>(text.data()) + LWS_PRE, text.size() - LWS_PRE,
              LWS_WRITE_HTTP_HEADERS);
    return -1;
}

std::string query_of(lws* connection) {
    std::string query;
    char argument[argument_bytes_max];
    for (int i = 0;; ++i) {
        const int bytes = lws_hdr_copy_fragment(connection, argument, sizeof argument, WSI_TOKEN_HTTP_URI_ARGS, i);
        if (bytes < 0) return query;
        if (i > 0) query.push_back('&');
        for (const char c : std::string_view(argument, static_cast<std::size_t>(bytes))) {
            if (c == '&') query.append("%26");
            else if (c == '%') query.append("%25");
            else query.push_back(c);
        }
    }
}

int complete(lws* connection) { return lws_http_transaction_completed(connection) ? -1 : 0; }

}  // namespace

bool has_proxy_line(lws* connection) { return lws_hdr_total_length(connection, WSI_TOKEN_PROXY) > 0; }

int confirm_upgrade(lws* connection, const std::function<bool(std::string_view origin)>& allows, bool& forbidden) {
    Value value;
    // The header is copied anew: what the callback got dangles after a keep-alive request (CVE-2025-11677), and then
    // there is no header to copy. h2c would enter HTTP/2, where our verbatim writes are wrong.
    const std::string_view upgrade = header(connection, value, WSI_TOKEN_UPGRADE);
    if (upgrade.empty() || strcasecmp(value, "websocket") != 0) return -1;
    if (header(connection, value, WSI_TOKEN_GET_URI) != websocket_path) {
        return refuse(connection, "404 Not Found", "", "WebSocket connections go to /v1\n");
    }
    if (header(connection, value, WSI_TOKEN_VERSION) != "13") {
        return refuse(connection, "426 Upgrade Required", "sec-websocket-version: 13\r\n", "only version 13\n");
    }
    if (!lists(header(connection, value, WSI_TOKEN_PROTOCOL), websocket_subprotocol)) {
        return refuse(connection, "400 Bad Request", "", "subprotocol tickrelay.v1 is missing\n");
    }
    const bool too_long = lws_hdr_total_length(connection, WSI_TOKEN_ORIGIN) >= static_cast<int>(sizeof value);
    forbidden = allows && (too_long || !allows(header(connection, value, WSI_TOKEN_ORIGIN)));
    if (forbidden) return refuse(connection, "403 Forbidden", "", "this page's origin is not among the relay's allowed_origins\n");
    return 0;
}

const lws_protocols* LwsHttp::protocols() {
    static lws_protocols list[2]{};
    list[0].name = "http";
    list[0].callback = http_callback;
    list[0].per_session_data_size = session_bytes;
    list[0].tx_packet_size = piece_bytes;
    return list;
}

int LwsHttp::handle(lws* connection, int reason, void* session, void* in, std::size_t bytes) {
    switch (reason) {
        case LWS_CALLBACK_HTTP: return respond(connection, session, {static_cast<const char*>(in), bytes});
        case LWS_CALLBACK_HTTP_BODY: return receive_body(connection, session, {static_cast<const char*>(in), bytes});
        case LWS_CALLBACK_HTTP_BODY_COMPLETION: return respond_to_post(connection, session);
        case LWS_CALLBACK_HTTP_WRITEABLE: return send_body(connection, session);
        case LWS_CALLBACK_CLOSED_HTTP:
        case LWS_CALLBACK_HTTP_DROP_PROTOCOL: forget(session); return 0;
        default: return 0;
    }
}

int LwsHttp::respond(lws* connection, void* session, std::string_view path) {
    if (!session) return -1;
    forget(session);
    if (post_bytes_max_ != 0 && is_post(connection)) return receive(connection, session, path);
    HttpResponse response;
    const bool head = is_head(connection);
    if (!is_get(connection) && !head) {
        response.status = 405;
        response.body = post_bytes_max_ != 0 ? "only GET, HEAD and POST\n" : "only GET and HEAD\n";
    } else {
        Value host;
        const std::string query = query_of(connection);
        response = handler_({.path = path, .query = query, .host = header(connection, host, WSI_TOKEN_HOST)});
    }
    return send(connection, session, std::move(response), !head);
}

// A body has its length, so that what is too long is refused before it is read.
int LwsHttp::receive(lws* connection, void* session, std::string_view path) {
    Value value;
    const std::string_view length = header(connection, value, WSI_TOKEN_HTTP_CONTENT_LENGTH);
    std::size_t bytes = 0;
    const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), bytes);
    if (length.empty() || error != std::errc{} || end != length.data() + length.size() || bytes == 0)
        return refuse(connection, "411 Length Required", "", "a POST has a body and its content-length\n");
    if (bytes > post_bytes_max_) return refuse(connection, "413 Payload Too Large", "", "the body is too long\n");
    auto posted = std::make_unique<Posted>();
    posted->path = path;
    posted->query = query_of(connection);
    posted->host = header(connection, value, WSI_TOKEN_HOST);
    posted->origin = header(connection, value, WSI_TOKEN_ORIGIN);
    posted->content_type = header(connection, value, WSI_TOKEN_HTTP_CONTENT_TYPE);
    static_cast<Session*>(session)->posted = posted.release();
    return 0;
}

int LwsHttp::receive_body(lws*, void* session, std::string_view piece) const {
    auto* s = static_cast<Session*>(session);
    if (!s || !s->posted) return 0;  // of a request that was answered without it
    if (s->posted->body.size() + piece.size() > post_bytes_max_) return -1;
    s->posted->body.append(piece);
    return 0;
}

int LwsHttp::respond_to_post(lws* connection, void* session) {
    auto* s = static_cast<Session*>(session);
    if (!s || !s->posted) return 0;
    const std::unique_ptr<Posted> posted(std::exchange(s->posted, nullptr));
    return send(connection, session,
                handler_({.path = posted->path,
                          .query = posted->query,
                          .post = true,
                          .host = posted->host,
                          .origin = posted->origin,
                          .content_type = posted->content_type,
                          .body = posted->body,
                          .peer = peer_of(lws_get_socket_fd(connection))}),
                true);
}

int LwsHttp::send(lws* connection, void* session, HttpResponse response, bool with_body) {
    if (send_headers(connection, response) != 0) return -1;
    if (!with_body || response.body.empty()) return complete(connection);
    response.body.insert(0, LWS_PRE, '\0');
    *static_cast<Session*>(session) = {new std::string(std::move(response.body)), LWS_PRE, nullptr};
    lws_callback_on_writable(connection);
    return 0;
}

int LwsHttp::send_headers(lws* connection, const HttpResponse& response) {
    unsigned char buffer[LWS_PRE + header_bytes_max];
    unsigned char* const start = buffer + LWS_PRE;
    unsigned char* const end = buffer + sizeof buffer;
    unsigned char* at = start;
    const bool made = lws_add_http_common_headers(connection, static_cast<unsigned>(response.status),
                                                  response.content_type.c_str(), response.body.size(), &at, end) == 0 &&
                      (response.status != 405 || add_header(connection, "allow:", post_bytes_max_ != 0 ? "GET, HEAD, POST" : "GET, HEAD", &at, end)) &&
                      add_header(connection, "cache-control:", "no-store", &at, end) &&
                      add_header(connection, "x-content-type-options:", "nosniff", &at, end) &&
                      add_header(connection, "x-frame-options:", "DENY", &at, end) &&
                      add_header(connection, "referrer-policy:", "no-referrer", &at, end) &&
                      add_header(connection, "content-security-policy:", response.content_security_policy, &at, end);
    return made ? lws_finalize_write_http_header(connection, start, &at, end) : -1;
}

int LwsHttp::send_body(lws* connection, void* session) {
    auto* s = static_cast<Session*>(session);
    if (!s || !s->body) return 0;
    const std::size_t bytes = std::min(piece_bytes, s->body->size() - s->sent);
    const bool last = s->sent + bytes == s->body->size();
    auto* piece = reinterpret_cast<unsigned char*>(s->body->data()) + s->sent;
    if (lws_write(connection, piece, bytes, last ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) < 0) return -1;
    s->sent += bytes;
    if (last) {
        forget(session);
        return complete(connection);
    }
    lws_callback_on_writable(connection);
    return 0;
}

}  // namespace tickrelay
