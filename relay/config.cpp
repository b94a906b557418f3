#include "relay/config.h"

#include <unistd.h>

#include <algorithm>

#include "relay/config_file.h"
#include "relay/door/admin_token.h"
#include "relay/door/nearest.h"
#include "relay/exposure.h"
#include "relay/secrets.h"
#include "relay/tls_ports.h"

namespace tickrelay {

namespace {

constexpr std::string_view config_variable = "TICKRELAY_CONFIG";

void read_variables(const Environment& environment, Options& options, std::vector<const ConfigKey*>& set,
                    Config& config, ConfigErrors& errors) {
    std::vector<std::string> known = {std::string(config_variable)};
    for (const auto& key : config_keys()) {
        known.push_back(key.environment());
        const auto found = environment.find(known.back());
        if (found == environment.end() || found->second.empty()) continue;
        set.push_back(&key);
        if (auto error = key.set(options, value_of_text(key, found->second))) {
            errors.push_back("environment " + known.back() + ": " + std::string(key.name) + " " + *error);
        }
    }
    // Other programs of the project have variables too, so that an unknown one is no error.
    for (const auto& [name, value] : environment) {
        if (std::find(known.begin(), known.end(), name) != known.end()) continue;
        const std::string near = edits_between(name, nearest(name, known)) <= 2 ? nearest(name, known) : "";
        if (!near.empty()) config.notes.push_back("environment " + name + " is not read, the nearest is " + near);
    }
}

void read_flags(const Flags& flags, Options& options, std::vector<const ConfigKey*>& set, ConfigErrors& errors) {
    for (const auto& key : config_keys()) {
        std::string text;
        bool given = false;
        for (const auto& [flag, value] : flags.values) {
            if (flag != &key) continue;
            text += (given ? "," : "") + value;
            given = true;
        }
        if (!given) continue;
        set.push_back(&key);
        if (auto error = key.set(options, value_of_text(key, text))) errors.push_back(key.flag_name() + " " + *error);
    }
}

// Everything on loopback unless a flag says otherwise; a port that was configured stays.
void keep_on_loopback(Address& address, const ConfigKey* key, const std::vector<const ConfigKey*>& by_flag,
                      const std::vector<const ConfigKey*>& by_other, Config& config) {
    if (std::find(by_flag.begin(), by_flag.end(), key) != by_flag.end() || is_loopback(address)) return;
    address.host = "127.0.0.1";
    if (std::find(by_other.begin(), by_other.end(), key) != by_other.end()) {
        config.notes.push_back("--dev listens on " + to_string(address) + ": only " + key->flag_name() +
                               " opens it wider");
    }
}

// A value on the command line that its key refuses is a usage error, not a configuration's.
std::optional<std::string> refused_flag(const Flags& flags) {
    Options scratch;
    std::vector<const ConfigKey*> set;
    ConfigErrors errors;
    read_flags(flags, scratch, set, errors);
    return errors.empty() ? std::nullopt : std::optional("tickrelay: " + errors.front() + "\n");
}

std::string lines(const ConfigErrors& errors) {
    std::string text;
    for (const auto& error : errors) text += "tickrelay: " + error + "\n";
    return text;
}

}  // namespace

Environment read_environment() {
    Environment variables;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text = *entry;
        const auto equals = text.find('=');
        if (!text.starts_with("TICKRELAY_") || equals == std::string_view::npos) continue;
        variables.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
    return variables;
}

std::variant<Config, ConfigErrors> load_config(const Flags& flags, const Environment& environment) {
    Config config;
    ConfigErrors errors;
    RoomTypes types = built_in_types();
    std::vector<const ConfigKey*> by_file_or_variable;
    std::vector<const ConfigKey*> by_flag;
    std::string path = flags.config_path;
    if (const auto found = environment.find(config_variable); path.empty() && found != environment.end())
        path = found->second;
    if (!path.empty()) read_config_file(path, config.options, types, by_file_or_variable, errors);
    read_variables(environment, config.options, by_file_or_variable, config, errors);
    read_flags(flags, config.options, by_flag, errors);
    if (!errors.empty()) return errors;
    if (const auto keys = ticket_keys_of(config.options); const auto* why = std::get_if<std::string>(&keys)) return ConfigErrors{*why};
    if (config.options.auth == Auth::unset && has_ticket_keys(config.options)) config.options.auth = Auth::tickets;
    if (flags.dev) {
        config.options.dev = true;
        config.options.auth = Auth::none;
        for (auto& [name, type] : types) type.settings.client_creatable = true;
        keep_on_loopback(config.options.listen, find_config_key("", "listen"), by_flag, by_file_or_variable, config);
        keep_on_loopback(config.options.ops_listen, find_config_key("", "ops_listen"), by_flag, by_file_or_variable,
                         config);
    }
    config.types = std::make_shared<const RoomTypes>(std::move(types));
    return config;
}

std::string refuse_to_start(const Options& options) {
    if (options.auth == Auth::none || has_ticket_keys(options)) return {};
    return "nothing says who may join, so the relay does not start. Choose one:\n"
           "  tickrelay --dev                               for trying out: loopback only, anyone may join and make rooms\n"
           "  ticket_key = \"file:/etc/tickrelay/ticket.key\"  in the configuration: players need a ticket that is signed with it, by\n"
           "                                                your match server or tickrelayctl ticket ROOM PLAYER. To make a key:\n"
           "      (umask 077; mkdir -p /etc/tickrelay; openssl rand -base64 48 > /etc/tickrelay/ticket.key)\n"
           "  auth = \"none\"                                 in the configuration: anyone who reaches the port may join\n"
           "Either also as the variable TICKRELAY_TICKET_KEY or TICKRELAY_AUTH. tickrelay --print-config documents every key.";
}

Reloaded reload_options(Options& options, const Options& fresh) {
    Reloaded reloaded;
    for (const auto& key : config_keys()) {
        if (key.get(options) == key.get(fresh)) continue;
        (key.reload ? reloaded.taken : reloaded.need_restart).push_back(key.path());
        if (key.reload) key.copy(options, fresh);
    }
    return reloaded;
}

std::variant<Config, Exit> configure(const std::vector<std::string>& arguments, const Environment& environment) {
    auto parsed = parse_flags(arguments);
    if (auto* exit = std::get_if<Exit>(&parsed)) return std::move(*exit);
    const auto& flags = std::get<Flags>(parsed);
    if (auto refused = refused_flag(flags)) return Exit{exit_usage, std::move(*refused)};
    auto loaded = load_config(flags, environment);
    if (const auto* errors = std::get_if<ConfigErrors>(&loaded)) return Exit{exit_bad_configuration, lines(*errors)};
    auto& config = std::get<Config>(loaded);
    if (flags.print_config) return Exit{exit_clean, print_config(config)};
    if (const std::string why = refuse_to_start(config.options); !why.empty()) {
        return Exit{exit_bad_configuration, "tickrelay: " + why + "\n"};
    }
    const std::string& token = config.options.admin_tcp_token_file;
    for (const auto& why : {refuse_exposed(config.options), check_tls_files(config.options), token.empty() ? "" : check_admin_token(token)}) {
        if (!why.empty()) return Exit{exit_bad_configuration, "tickrelay: " + why + "\n"};
    }
    for (auto& note : exposures(config.options)) config.notes.push_back(std::move(note));
    if (flags.check_config) {
        std::string text;
        for (const auto& note : config.notes) text += "warning: " + note + "\n";
        return Exit{exit_clean, text + "the configuration is good\n"};
    }
    return std::move(config);
}

}  // namespace tickrelay
