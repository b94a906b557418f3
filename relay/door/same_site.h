// Which browsers' requests are those of our own page: what keeps another web page from acting, or by a name that it
// makes point to this machine (DNS rebinding) from reading. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace tickrelay {

// `host` as a browser sends it, with or without port: an address, localhost, or one of `names`. A name that somebody
// else's DNS answers for is none of these.
bool trusted_host(std::string_view host, std::span<const std::string> names);

// No Origin, as programs send, or the one that a page of this host has.
bool same_origin(std::string_view origin, std::string_view host);

// "application/json", with parameters or without: no form and no simple request of another page can say so.
bool is_json(std::string_view content_type);

}  // namespace tickrelay
