#include "relay/secrets.h"

#include <cmath>

namespace tickrelay {

bool has_ticket_keys(const Options& options) { return !options.ticket_key.empty() || !options.ticket_keys.empty(); }

std::variant<TicketKeys, std::string> ticket_keys_of(const Options& options) {
    if (!has_ticket_keys(options)) return TicketKeys({{"", SigningKey::random()}});
    std::vector<std::string> entries;
    if (!options.ticket_key.empty()) entries.push_back(options.ticket_key);
    entries.insert(entries.end(), options.ticket_keys.begin(), options.ticket_keys.end());
    auto loaded = load_ticket_keys(entries);
    if (auto* why = std::get_if<std::string>(&loaded)) return "keys of tickets (ticket_key and tickets.keys, in this order): " + *why;
    return loaded;
}

TicketRules ticket_rules_of(const Options& options) {
    return {.audience = options.ticket_audience,
            .issuer = options.ticket_issuer,
            .leeway_s = static_cast<std::int64_t>(std::ceil(options.ticket_leeway_s))};
}

std::variant<SigningKey, std::string> load_session_key(const std::string& source) {
    auto loaded = load_key(source);
    const auto* key = std::get_if<SigningKey>(&loaded);
    if (key != nullptr && key->algorithm() != Algorithm::hs256)
        return source + " is no secret: sessions are signed by the relays alone. Make one with openssl rand -base64 48";
    return loaded;
}

std::variant<SigningKey, std::string> session_key_of(const Options& options) {
    auto loaded = !options.session_key.empty() ? load_session_key(options.session_key)
                  : !options.data_dir.empty()  ? key_kept_in(options.data_dir)
                                               : std::variant<SigningKey, std::string>(SigningKey::random());
    if (auto* why = std::get_if<std::string>(&loaded)) return "key of sessions: " + *why;
    return loaded;
}

}  // namespace tickrelay
