#include "connection.h"

#include <libwebsockets.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

#include "arrival.h"
#include "bounds.h"
#include "now.h"

namespace tickrelay {
inline namespace sdk {
namespace {

constexpr char subprotocol[] = "tickrelay.v1";
constexpr std::size_t read_bytes = 64 * 1024;  // of one socket in one pass
constexpr int passes_max = 64;                 // per service(): a flood may not hold up the frame for ever

// One WebSocket, from the first attempt until libwebsockets is done with it. Shared by its Link and the Sockets.
struct Socket {
  lws* wsi = nullptr;
  LinkListener* listener = nullptr;  // nullptr: its Link is gone
  bool open = false;
  bool closing = false;  // by this side
  bool ended = false;    // the listener is to hear it
  bool stirred = false;  // something happened in this pass
  std::uint16_t code = close_code::unreachable;
  std::string reason;
  bool just_open = false;
  bool timed = false;           // arrivals are, until one counted
  std::int64_t arrived_us = 0;  // of what waited when this poll began; 0: not known
  std::vector<std::uint8_t> message;               // being received
  std::deque<std::vector<std::uint8_t>> messages;  // whole, the listener has yet to hear them
  std::vector<std::uint8_t> outgoing;              // LWS_PRE bytes for the header, then the message
};

void ask_to_close(Socket& socket, std::uint16_t code, const std::string& reason) {
  if (socket.wsi == nullptr || std::exchange(socket.closing, true)) return;
  socket.code = code;
  socket.reason = reason.substr(0, 120);
  if (socket.open) {
    lws_callback_on_writable(socket.wsi);
  } else {
    lws_set_timeout(socket.wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
  }
}

// For the return value of a call-back.
int close_now(Socket& socket) {
  lws_close_reason(socket.wsi, static_cast<lws_close_status>(socket.code),
                   reinterpret_cast<unsigned char*>(socket.reason.data()), socket.reason.size());
  return -1;
}

void established(Socket& socket) {
  socket.open = true;
  const int on = 1;
  setsockopt(lws_get_socket_fd(socket.wsi), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  note_arrivals(lws_get_socket_fd(socket.wsi));
  socket.just_open = true;
}

int received(Socket& socket, const void* data, std::size_t bytes) {
  if (socket.closing) return 0;
  if (lws_is_first_fragment(socket.wsi)) socket.message.clear();
  if (socket.message.size() + bytes + lws_remaining_packet_payload(socket.wsi) > limits::received_bytes_max) {
    socket.code = 1009;
    socket.reason = "larger than any message of this protocol";
    return close_now(socket);
  }
  const auto* from = static_cast<const std::uint8_t*>(data);
  socket.message.insert(socket.message.end(), from, from + bytes);
  if (lws_remaining_packet_payload(socket.wsi) != 0 || !lws_is_final_fragment(socket.wsi)) return 0;
  socket.messages.push_back(std::exchange(socket.message, {}));
  return 0;
}

void peer_closes(Socket& socket, const void* data, std::size_t bytes) {
  if (bytes < 2) return;
  const auto* from = static_cast<const unsigned char*>(data);
  socket.code = static_cast<std::uint16_t>(from[0] << 8 | from[1]);
  socket.reason.assign(reinterpret_cast<const char*>(from) + 2, bytes - 2);
}

int on_event(lws* wsi, lws_callback_reasons reason, void*, void* data, std::size_t bytes) {
  auto* socket = static_cast<Socket*>(lws_get_opaque_user_data(wsi));
  if (socket == nullptr) return 0;
  socket->stirred = true;
  socket->wsi = wsi;
  switch (reason) {
    case LWS_CALLBACK_CLIENT_ESTABLISHED: established(*socket); break;
    case LWS_CALLBACK_CLIENT_RECEIVE: return received(*socket, data, bytes);
    case LWS_CALLBACK_CLIENT_WRITEABLE:
      if (socket->closing) return close_now(*socket);
      break;
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE: peer_closes(*socket, data, bytes); break;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
      if (data != nullptr && socket->reason.empty()) socket->reason.assign(static_cast<const char*>(data), bytes);
      [[fallthrough]];
    case LWS_CALLBACK_CLIENT_CLOSED: socket->ended = true; break;
    case LWS_CALLBACK_WSI_DESTROY:
      socket->ended = true;
      socket->open = false;
      socket->wsi = nullptr;
      lws_set_opaque_user_data(wsi, nullptr);
      break;
    default: break;
  }
  return 0;
}

class Connection final : public Link {
 public:
  explicit Connection(std::shared_ptr<Socket> socket) : socket_(std::move(socket)) {}

  ~Connection() override {
    socket_->listener = nullptr;
    ask_to_close(*socket_, close_code::left, "");
  }

  [[nodiscard]] bool writable() const override {
    return socket_->open && !socket_->closing && !socket_->ended && lws_partial_buffered(socket_->wsi) == 0;
  }

  void time_arrivals() override { socket_->timed = true; }
  [[nodiscard]] std::int64_t arrived_us(std::int64_t now_us) override {
    socket_->timed = false;
    return socket_->arrived_us == 0 ? now_us : std::min(std::exchange(socket_->arrived_us, 0), now_us);
  }

  void write(Bytes message) override {
    std::vector<std::uint8_t>& outgoing = socket_->outgoing;
    outgoing.resize(LWS_PRE + message.size());
    std::memcpy(outgoing.data() + LWS_PRE, message.data(), message.size());
    // At once, not through CLIENT_WRITEABLE: that would be the next poll. What the kernel does not take, libwebsockets
    // keeps.
    if (lws_write(socket_->wsi, outgoing.data() + LWS_PRE, message.size(), LWS_WRITE_BINARY) < 0) {
      ask_to_close(*socket_, close_code::unreachable, "");
    }
  }

  [[nodiscard]] std::uint64_t bytes_arrived() const override {
    return socket_->open && socket_->wsi != nullptr ? sdk::bytes_arrived(lws_get_socket_fd(socket_->wsi)) : 0;
  }

  void close(std::uint16_t code, const std::string& reason) override { ask_to_close(*socket_, code, reason); }

 private:
  std::shared_ptr<Socket> socket_;
};

void silence_libwebsockets() {
  static std::once_flag once;
  std::call_once(once, [] { lws_set_log_level(LLL_ERR, nullptr); });
}

// Each context that is made with it takes a new index for what libwebsockets keeps in its TLS contexts, and forgets the
// one before: earlier contexts never find theirs again and leak them (libwebsockets #2044). So once a process.
std::uint64_t tls_init_once() {
  static std::atomic<bool> done{false};
  return done.exchange(true) ? 0 : LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
}

}  // namespace

class Sockets::Parts {
 public:
  Parts(bool tls, const std::string& ca_file, bool insecure) : ca_file_(ca_file), insecure_(insecure) {
    silence_libwebsockets();
    lws_context_creation_info info{};
    info.port = CONTEXT_PORT_NO_LISTEN;
    info.protocols = protocols_;
    info.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS | (tls ? tls_init_once() : 0);
    // Else libwebsockets would go through the environment's http_proxy, to this very machine too.
    info.http_proxy_address = ":0";
    info.client_ssl_ca_filepath = ca_file_.empty() ? nullptr : ca_file_.c_str();
    info.pt_serv_buf_size = read_bytes;
    info.gid = static_cast<gid_t>(-1);
    info.uid = static_cast<uid_t>(-1);
    // libwebsockets sizes its tables by the process's descriptor limit, 16 bytes each: not for a million of them.
    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur > descriptors_max)
      info.fd_limit_per_thread = descriptors_max;
#if LWS_LIBRARY_VERSION_NUMBER >= 4003000
    // The log that contexts share by default counts its users without a lock: clients in several threads would abort.
    log_.lll_flags = LLL_ERR;
    log_.u.emit = lwsl_emit_stderr;
    info.log_cx = &log_;
#endif
    context_ = lws_create_context(&info);
    if (context_ == nullptr) return;
    info.options = tls ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT : 0;  // of a vhost: it is to have a TLS context
    vhost_ = lws_create_vhost(context_, &info);
  }

  ~Parts() {
    for (const auto& socket : sockets_) socket->listener = nullptr;
    if (context_) lws_context_destroy(context_);
  }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  std::unique_ptr<Link> connect(const Url& url, LinkListener& listener) {
    if (vhost_ == nullptr) return nullptr;
    const auto socket = std::make_shared<Socket>();
    const std::string host = url.authority();
    lws_client_connect_info info{};
    info.context = context_;
    info.vhost = vhost_;
    info.address = url.host.c_str();
    info.port = url.port;
    info.path = url.path.c_str();
    info.host = host.c_str();
    info.protocol = subprotocol;
    info.local_protocol_name = subprotocol;
    info.ietf_version_or_minus_one = -1;
    info.pwsi = &socket->wsi;
    info.opaque_user_data = socket.get();
    if (url.tls) info.ssl_connection = LCCSCF_USE_SSL;
    if (url.tls && insecure_) {
      info.ssl_connection |= LCCSCF_ALLOW_SELFSIGNED | LCCSCF_SKIP_SERVER_CERT_HOSTNAME_CHECK | LCCSCF_ALLOW_EXPIRED |
                             LCCSCF_ALLOW_INSECURE;
    }
    info.alpn = "http/1.1";
    if (lws_client_connect_via_info(&info) == nullptr) socket->ended = true;
    socket->listener = &listener;
    sockets_.push_back(socket);
    return std::make_unique<Connection>(socket);
  }

  void service() {
    if (context_ == nullptr) return;
    for (const auto& socket : sockets_)
      if (socket->timed && socket->open && socket->wsi != nullptr) socket->arrived_us = arrival_us(lws_get_socket_fd(socket->wsi));
    bool stirred = true;
    for (int pass = 0; stirred && pass < passes_max; ++pass) {
      lws_service(context_, -1);  // no wait
      stirred = false;
      for (const auto& socket : sockets_) stirred |= std::exchange(socket->stirred, false);
      tell();
      for (const auto& socket : sockets_) socket->arrived_us = 0;  // what comes now came now
    }
  }

 private:
  // After libwebsockets has returned: listeners may connect, close, even throw, without its being on the stack.
  void tell() {
    for (std::size_t i = 0; i < sockets_.size(); ++i) {
      const auto socket = sockets_[i];
      if (std::exchange(socket->just_open, false) && socket->listener) socket->listener->opened(now_us());
      while (!socket->messages.empty()) {
        const std::vector<std::uint8_t> message = std::move(socket->messages.front());
        socket->messages.pop_front();
        if (socket->listener) socket->listener->received(message, now_us());
      }
      if (!socket->ended) continue;
      if (LinkListener* heard = std::exchange(socket->listener, nullptr)) {
        heard->closed(socket->code, socket->reason, now_us());
      }
    }
    std::erase_if(sockets_, [](const auto& socket) { return socket->ended && socket->wsi == nullptr; });
  }

  static constexpr unsigned descriptors_max = 4096;
  static constexpr lws_protocols protocols_[] = {{subprotocol, on_event, 0, read_bytes, 0, nullptr, 0}, {}};

  std::string ca_file_;
  bool insecure_;
#if LWS_LIBRARY_VERSION_NUMBER >= 4003000
  lws_log_cx_t log_{};
#endif
  lws_context* context_ = nullptr;
  lws_vhost* vhost_ = nullptr;
  std::vector<std::shared_ptr<Socket>> sockets_;
};

Sockets::Sockets(bool tls, const std::string& ca_file, bool insecure)
    : parts_(std::make_unique<Parts>(tls, ca_file, insecure)) {}
Sockets::~Sockets() = default;
std::unique_ptr<Link> Sockets::connect(const Url& url, LinkListener& listener) {
  return parts_->connect(url, listener);
}
void Sockets::service() { parts_->service(); }

}  // namespace sdk
}  // namespace tickrelay
