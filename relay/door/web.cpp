#include "relay/door/web.h"

#include <algorithm>
#include <array>
#include <string>

#include "relay/door/web_files.h"

namespace tickrelay {

namespace {

// Everything comes from here, the WebSocket to the same host and port included; no page is framed, none sends a form.
constexpr const char* own_sources =
    "default-src 'self'; base-uri 'none'; form-action 'none'; object-src 'none'; frame-ancestors 'none'";

struct ContentType {
    std::string_view ending;
    const char* type;
};
constexpr std::array content_types = {
    ContentType{".html", "text/html; charset=utf-8"}, ContentType{".js", "text/javascript; charset=utf-8"},
    ContentType{".css", "text/css; charset=utf-8"},   ContentType{".svg", "image/svg+xml"},
    ContentType{".png", "image/png"},                 ContentType{".json", "application/json"},
    ContentType{".webmanifest", "application/manifest+json"},
};

const char* content_type_of(std::string_view path) {
    const auto* found = std::ranges::find_if(content_types, [&](const ContentType& type) { return path.ends_with(type.ending); });
    return found == content_types.end() ? "application/octet-stream" : found->type;
}

const WebFile* find_file(std::string_view path) {
    const auto files = web_files();
    const auto found = std::ranges::find(files, path, &WebFile::path);
    return found == files.end() ? nullptr : &*found;
}

}  // namespace

std::optional<PageAnswer> find_page(Pages pages, std::string_view path) {
    const std::string_view folder = pages == Pages::demo ? "/demo/" : "/dashboard/";
    if (path == folder || path == folder.substr(0, folder.size() - 1)) {
        const bool left_out = pages == Pages::demo && !find_file("/sdk/tickrelay.js");
        path = left_out ? "/demo/left-out.html" : pages == Pages::demo ? "/demo/index.html" : "/dashboard/index.html";
    } else if (!path.starts_with(folder) && !path.starts_with("/shared/") && !path.starts_with("/sdk/")) {
        return std::nullopt;
    }
    const WebFile* file = find_file(path);
    if (!file) return std::nullopt;
    return PageAnswer{200, content_type_of(path), std::string(file->body), own_sources};
}

}  // namespace tickrelay
