// The files of relay/door/web and the SDK's bundle as bytes. Constant: any thread.
#pragma once

#include <span>
#include <string_view>

namespace tickrelay {

struct WebFile {
    std::string_view path;  // as requested: "/demo/main.js"
    std::string_view body;
};
std::span<const WebFile> web_files();  // made by relay/door/web/embed.cmake

}  // namespace tickrelay
