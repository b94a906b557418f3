#include "relay/options.h"

#include <unistd.h>

#include <charconv>

namespace tickrelay {

std::string node_of(const Options& options) {
    if (!options.node_name.empty()) return options.node_name;
    char name[256] = "relay";
    gethostname(name, sizeof name - 1);
    return name;
}

std::string to_string(const Address& address) {
    const bool bracketed = address.host.find(':') != std::string::npos;
    return (bracketed ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

bool parse_address(std::string_view text, Address& address) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return false;
    std::string_view host = text.substr(0, colon);
    const std::string_view port = text.substr(colon + 1);
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
        if (host.find(':') == std::string_view::npos) return false;
    } else if (host.find(':') != std::string_view::npos) {
        return false;  // ambiguous without brackets
    }
    std::uint16_t number = 0;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (host.empty() || host.find_first_of("[] /") != std::string_view::npos || error != std::errc{} ||
        end != port.data() + port.size()) {
        return false;
    }
    address = {std::string(host), number};
    return true;
}

bool is_loopback(const Address& address) {
    const bool number = address.host.find_first_not_of("0123456789.") == std::string::npos;
    return address.host == "localhost" || address.host == "::1" || (number && address.host.starts_with("127."));
}

Address reachable(const Address& listens, std::uint16_t port) {
    Address address{listens.host, port};
    if (address.host == "0.0.0.0" || address.host.empty()) address.host = "127.0.0.1";
    if (address.host == "::") address.host = "::1";
    return address;
}

std::string_view version() { return TICKRELAY_VERSION; }

}  // namespace tickrelay
