#include "relay/door/same_site.h"

#include <algorithm>
#include <cctype>

namespace tickrelay {

namespace {

bool equal(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
    return std::ranges::equal(a, b, {}, lower, lower);
}

bool only(std::string_view text, std::string_view characters) {
    return !text.empty() && text.find_first_not_of(characters) == std::string_view::npos;
}

// "[::1]:8351" → "[::1]", "localhost:8351" → "localhost".
std::string_view without_port(std::string_view host) {
    const auto colon = host.rfind(':');
    if (colon == std::string_view::npos || host.ends_with(']')) return host;
    return host.substr(0, colon);
}

}  // namespace

bool trusted_host(std::string_view host, std::span<const std::string> names) {
    host = without_port(host);
    if (host.starts_with('[') && host.ends_with(']')) return only(host.substr(1, host.size() - 2), "0123456789abcdefABCDEF:.");
    // A name may look like an address only in its last label, and no top-level domain is a number.
    if (only(host, "0123456789.")) return true;
    return equal(host, "localhost") || std::ranges::any_of(names, [&](const std::string& name) { return equal(host, name); });
}

bool same_origin(std::string_view origin, std::string_view host) {
    if (origin.empty()) return true;
    for (const std::string_view scheme : {"http://", "https://"})
        if (origin.starts_with(scheme) && equal(origin.substr(scheme.size()), host)) return true;
    return false;
}

bool is_json(std::string_view content_type) {
    std::string_view type = content_type.substr(0, std::min(content_type.find(';'), content_type.size()));
    while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
    return equal(type, "application/json");
}

}  // namespace tickrelay
