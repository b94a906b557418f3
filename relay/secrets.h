// The keys that a relay signs and verifies with, as its options name them. Read at start and on SIGHUP.
#pragma once

#include <string>
#include <variant>

#include "relay/door/ticket.h"
#include "relay/options.h"

namespace tickrelay {

// All keys of tickets; where none is configured one that nobody else has, for as long as the process lives.
std::variant<TicketKeys, std::string> ticket_keys_of(const Options& options);
bool has_ticket_keys(const Options& options);
TicketRules ticket_rules_of(const Options& options);

// The configured one, else the one kept in data_dir (made there where there is none), else one of this process.
std::variant<SigningKey, std::string> session_key_of(const Options& options);

// As configured: a key that can be shared and signs quickly.
std::variant<SigningKey, std::string> load_session_key(const std::string& source);

}  // namespace tickrelay
