// A server with a relay and its logic inside. Prints where players connect, ends at SIGTERM or Ctrl-C.
//
//   server [HOST:PORT [ADMIN_SOCKET]]      127.0.0.1:8350
#include <relay/relay.h>

#include <csignal>
#include <cstdio>

#include "tag.h"

int main(int argc, char** argv) {
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, nullptr);  // before there are threads: they inherit it

    tickrelay::Options options;
    options.auth = tickrelay::Auth::none;
    if (!tickrelay::parse_address(argc > 1 ? argv[1] : "127.0.0.1:8350", options.listen)) return 2;
    options.ops_listen.port = 0;
    if (argc > 2) options.admin = argv[2];

    tickrelay::RoomTypes types = tickrelay::built_in_types();
    types["tag"].settings.type = "tag";
    types["tag"].settings.logic = "tag";
    types["tag"].settings.client_creatable = true;

    tickrelay::Logics logics;
    logics.add("tag", [] { return std::make_unique<TagLogic>(); });
    tickrelay::Relay relay(options, types, logics);
    if (const auto error = relay.start()) {
        std::fprintf(stderr, "%s\n", error->c_str());
        return 1;
    }
    std::printf("%s\n", relay.player_url().c_str());
    std::fflush(stdout);
    int signal = 0;
    sigwait(&ends, &signal);
    relay.stop();
}
