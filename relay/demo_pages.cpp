#include "relay/demo_pages.h"

#include "relay/door/web.h"
#include "relay/run/addresses.h"

namespace tickrelay {

namespace {

constexpr std::size_t urls_max = 8;

// For a phone in the same network: {"urls": ["http://192.168.1.20:8350/demo"]}, none where only this machine can come.
std::string urls_elsewhere(const Address& listening, bool secure) {
    std::vector<std::string> hosts;
    if (listening.host.empty() || listening.host == "0.0.0.0" || listening.host == "::") {
        hosts = own_addresses();
    } else if (!is_loopback(listening)) {
        hosts = {listening.host};
    }
    if (hosts.size() > urls_max) hosts.resize(urls_max);
    std::string list;
    for (const std::string& host : hosts) {
        list.append(list.empty() ? "\"" : ", \"").append(secure ? "https://" : "http://").append(to_string({host, listening.port})).append("/demo\"");
    }
    return "{\"urls\": [" + list + "]}\n";
}

}  // namespace

HttpResponse to_response(PageAnswer answer) {
    HttpResponse response{.status = answer.status, .content_type = std::move(answer.content_type), .body = std::move(answer.body)};
    if (!answer.content_security_policy.empty()) response.content_security_policy = std::move(answer.content_security_policy);
    return response;
}

HttpHandler demo_pages(std::function<Address()> listening, bool secure) {
    return [listening = std::move(listening), secure](const HttpRequest& request) -> HttpResponse {
        if (request.path == "/demo/urls.json") return {.content_type = "application/json", .body = urls_elsewhere(listening(), secure)};
        const std::string_view path = request.path == "/" ? "/demo" : request.path;
        if (auto page = find_page(Pages::demo, path)) return to_response(*std::move(page));
        return {.status = 404, .body = "not found: the demo is at /demo, WebSocket connections go to /v1\n"};
    };
}

}  // namespace tickrelay
