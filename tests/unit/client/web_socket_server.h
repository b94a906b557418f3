// A WebSocket server of libwebsockets in the test's own thread: takes connections, keeps what they send, sends what it
// is told.
#pragma once

#include <libwebsockets.h>

#include <cstdint>
#include <cstring>
#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace tickrelay::test {

class WebSocketServer {
 public:
  // certificate, key: PEM files; empty: no TLS. interface: nullptr for every address.
  explicit WebSocketServer(const char* interface = "127.0.0.1", const std::string& certificate = {},
                           const std::string& key = {}) {
    lws_set_log_level(LLL_ERR, nullptr);
    lws_context_creation_info info{};
    info.port = 0;
    info.iface = interface;
    info.protocols = protocols_;
    info.user = this;
    info.gid = static_cast<gid_t>(-1);
    info.uid = static_cast<uid_t>(-1);
    info.fd_limit_per_thread = 64;
    if (!certificate.empty()) {
      info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
      info.ssl_cert_filepath = certificate.c_str();
      info.ssl_private_key_filepath = key.c_str();
    }
    // The SDK has set up TLS for the process; a second time would take it from its contexts.
    const auto options = std::exchange(info.options, LWS_SERVER_OPTION_EXPLICIT_VHOSTS);
    context_ = lws_create_context(&info);
    info.options = options;
    vhost_ = context_ ? lws_create_vhost(context_, &info) : nullptr;
  }
  ~WebSocketServer() {
    if (context_) lws_context_destroy(context_);
  }
  WebSocketServer(const WebSocketServer&) = delete;
  WebSocketServer& operator=(const WebSocketServer&) = delete;

  [[nodiscard]] bool good() const { return vhost_ != nullptr && port() > 0; }
  [[nodiscard]] int port() const { return lws_get_vhost_listen_port(vhost_); }
  void service() {
    for (int i = 0; i < 4; ++i) lws_service(context_, -1);
  }
  void send(std::vector<std::uint8_t> message) {
    outgoing_.push_back(std::move(message));
    if (client_) lws_callback_on_writable(client_);
  }
  void close(std::uint16_t code, const std::string& reason) {
    code_ = code;
    reason_ = reason;
    lws_callback_on_writable(client_);
  }
  void cut() { lws_set_timeout(client_, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC); }
  void stop_reading() { lws_rx_flow_control(client_, 0); }
  void read_on() { lws_rx_flow_control(client_, 1); }

  [[nodiscard]] bool connected() const { return client_ != nullptr; }
  std::vector<std::vector<std::uint8_t>> heard;
  std::string path;
  std::string host;
  std::string extensions;
  std::uint16_t heard_code = 0;

 private:
  static int on_event(lws* wsi, lws_callback_reasons reason, void*, void* data, std::size_t bytes) {
    auto* server = static_cast<WebSocketServer*>(lws_context_user(lws_get_context(wsi)));
    return server == nullptr ? 0 : server->event(wsi, reason, data, bytes);
  }

  int event(lws* wsi, lws_callback_reasons reason, void* data, std::size_t bytes) {
    switch (reason) {
      case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION: read_headers(wsi); break;
      case LWS_CALLBACK_ESTABLISHED: client_ = wsi; break;
      case LWS_CALLBACK_CLOSED: client_ = nullptr; break;
      case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        if (bytes >= 2)
          heard_code = static_cast<std::uint16_t>(static_cast<unsigned char*>(data)[0] << 8 |
                                                  static_cast<unsigned char*>(data)[1]);
        break;
      case LWS_CALLBACK_RECEIVE:
        incoming_.insert(incoming_.end(), static_cast<std::uint8_t*>(data), static_cast<std::uint8_t*>(data) + bytes);
        if (lws_remaining_packet_payload(wsi) == 0 && lws_is_final_fragment(wsi))
          heard.push_back(std::exchange(incoming_, {}));
        break;
      case LWS_CALLBACK_SERVER_WRITEABLE: return write(wsi);
      default: break;
    }
    return 0;
  }

  void read_headers(lws* wsi) {
    char text[256] = {};
    if (lws_hdr_copy(wsi, text, sizeof text, WSI_TOKEN_GET_URI) > 0) path = text;
    if (lws_hdr_copy(wsi, text, sizeof text, WSI_TOKEN_HOST) > 0) host = text;
    if (lws_hdr_copy(wsi, text, sizeof text, WSI_TOKEN_EXTENSIONS) > 0) extensions = text;
  }

  int write(lws* wsi) {
    if (!outgoing_.empty()) {
      std::vector<std::uint8_t> buffer(LWS_PRE);
      buffer.insert(buffer.end(), outgoing_.front().begin(), outgoing_.front().end());
      outgoing_.pop_front();
      lws_write(wsi, buffer.data() + LWS_PRE, buffer.size() - LWS_PRE, LWS_WRITE_BINARY);
      lws_callback_on_writable(wsi);
      return 0;
    }
    if (code_ == 0) return 0;
    lws_close_reason(wsi, static_cast<lws_close_status>(code_), reinterpret_cast<unsigned char*>(reason_.data()),
                     reason_.size());
    return -1;
  }

  static constexpr lws_protocols protocols_[] = {{"tickrelay.v1", on_event, 0, 4096, 0, nullptr, 0}, {}};
  lws_context* context_ = nullptr;
  lws_vhost* vhost_ = nullptr;
  lws* client_ = nullptr;
  std::vector<std::uint8_t> incoming_;
  std::deque<std::vector<std::uint8_t>> outgoing_;
  std::uint16_t code_ = 0;
  std::string reason_;
};

}  // namespace tickrelay::test
