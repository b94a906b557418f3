#include "url.h"

#include <charconv>

namespace tickrelay {
inline namespace sdk {
namespace {

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool parse_port(std::string_view text, std::uint16_t& port) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port != 0;
}

}  // namespace

std::string Url::authority() const {
  const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return port == (tls ? 443 : 80) ? name : name + ":" + std::to_string(port);
}

std::optional<Url> parse_url(std::string_view text, std::string& error) {
  const std::string whole(text);
  const auto bad = [&](const char* why) {
    error = "bad URL '" + whole + "': " + why;
    return std::nullopt;
  };
  Url url;
  if (take(text, "wss://")) {
    url.tls = true;
  } else if (!take(text, "ws://")) {
    return bad("it starts with neither ws:// nor wss://");
  }
  url.port = url.tls ? 443 : 80;
  const std::size_t slash = text.find_first_of("/?#");
  std::string_view authority = text.substr(0, slash);
  std::string_view path = slash == std::string_view::npos ? std::string_view{} : text.substr(slash);
  if (!path.empty() && (path[0] != '/' || path.find_first_of("?# \r\n") != std::string_view::npos)) {
    return bad("a path may follow the host, no query");
  }
  std::string_view port;
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) return bad("'[' without ']'");
    url.host = authority.substr(1, end - 1);
    port = authority.substr(end + 1);
  } else {
    const std::size_t colon = authority.find(':');
    url.host = authority.substr(0, colon);
    port = colon == std::string_view::npos ? std::string_view{} : authority.substr(colon);
  }
  if (url.host.empty() || url.host.find_first_of("@ \r\n") != std::string::npos)
    return bad("the host is missing or odd");
  if (!port.empty() && (port[0] != ':' || !parse_port(port.substr(1), url.port)))
    return bad("the port is no number from 1 to 65535");
  while (path.ends_with('/')) path.remove_suffix(1);
  url.path = path.ends_with("/v1") ? std::string(path) : std::string(path) + "/v1";
  return url;
}

}  // namespace sdk
}  // namespace tickrelay
