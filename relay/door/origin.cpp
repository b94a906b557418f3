#include "relay/door/origin.h"

#include <algorithm>

namespace tickrelay {

namespace {

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

struct Parts {
    std::string_view scheme;  // empty: any
    std::string_view host;
    std::string_view port;  // empty: none is written
};

Parts split(std::string_view text) {
    Parts parts;
    if (const std::size_t end = text.find("://"); end != std::string_view::npos) {
        parts.scheme = text.substr(0, end);
        text.remove_prefix(end + 3);
    }
    const std::size_t colon = text.rfind(':');
    const std::size_t bracket = text.rfind(']');
    const bool has_port = colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
    parts.host = text.substr(0, has_port ? colon : text.size());
    if (has_port) parts.port = text.substr(colon + 1);
    return parts;
}

bool host_matches(std::string_view pattern, std::string_view host) {
    if (!pattern.starts_with("*.")) return host == pattern;
    const std::string_view below = pattern.substr(1);  // ".game.example"
    return host.size() > below.size() && host.ends_with(below);
}

bool matches(std::string_view pattern, std::string_view origin) {
    if (pattern == origin) return true;
    const Parts wanted = split(pattern);
    const Parts have = split(origin);
    if (have.scheme.empty() || have.host.find('/') != std::string_view::npos) return false;  // "null" is nobody's name
    if (wanted.scheme.empty() ? !wanted.port.empty() && wanted.port != have.port : wanted.scheme != have.scheme || wanted.port != have.port)
        return false;
    return host_matches(wanted.host, have.host);
}

}  // namespace

bool is_origin_pattern(std::string_view text) {
    if (text == "null") return true;
    const Parts parts = split(text);
    std::string_view host = parts.host;
    if (host.starts_with("*.")) host.remove_prefix(2);
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:[]";
    if (host.empty() || host.front() == '.' || host.find_first_not_of(letters) != std::string_view::npos) return false;
    if (text.find("://") != std::string_view::npos && parts.scheme.empty()) return false;
    if (parts.port.find_first_not_of("0123456789") != std::string_view::npos || parts.port.size() > 5) return false;
    return !text.ends_with(':');
}

Origins::Origins(std::vector<std::string> patterns, bool required) : required_(required) {
    for (const std::string& pattern : patterns) patterns_.push_back(lower(pattern));
}

bool Origins::allow(std::string_view origin) const {
    if (origin.empty()) return !required_;
    if (patterns_.empty()) return true;
    const std::string plain = lower(origin);
    return std::ranges::any_of(patterns_, [&](const std::string& pattern) { return matches(pattern, plain); });
}

}  // namespace tickrelay
