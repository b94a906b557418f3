// An operator of NATS, an account with JetStream and a user, as NATS's own tool makes them: keys, JWTs and a .creds file.
#pragma once

#include <string>

namespace tickrelay::test {

struct NatsAccounts {
    NatsAccounts();

    std::string configuration;  // of servers that take this operator's users alone
    std::string credentials;    // the .creds file of one
};

}  // namespace tickrelay::test
