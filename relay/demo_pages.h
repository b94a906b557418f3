// What the players' port answers to GET in --dev: the demo and its files. Called on each loop's thread.
#pragma once

#include <functional>

#include "relay/door/http.h"
#include "relay/options.h"
#include "relay/run/lws_http.h"

namespace tickrelay {

HttpResponse to_response(PageAnswer answer);

// listening: where the players' port is bound; asked at each request.
// secure: it speaks TLS.
HttpHandler demo_pages(std::function<Address()> listening, bool secure = false);

}  // namespace tickrelay
