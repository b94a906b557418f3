// Where a relay is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tickrelay {
inline namespace sdk {

struct Url {
  bool tls = false;
  std::string host;  // an IPv6 address without its brackets
  std::uint16_t port = 8350;
  std::string path = "/v1";

  friend bool operator==(const Url&, const Url&) = default;

  [[nodiscard]] std::string authority() const;  // for the Host header
};

// ws:// or wss://, host, optional port (80 and 443 where absent, as browsers do) and path. nullopt: `error` says what
// is wrong.
std::optional<Url> parse_url(std::string_view text, std::string& error);

}  // namespace sdk
}  // namespace tickrelay
