// The command line of tickrelayctl.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <deque>
#include <functional>

#include "relay/door/nearest.h"
#include "relay/options.h"
#include "tools/ctl/verbs.h"

namespace tickrelay::ctl {

namespace {

// What the flags of every verb are parsed into; lives until the chosen verb has run.
struct Words {
    Common common;
    std::string room_id, player_id, reason, role = "player", type, method, params, old_path, new_path;
    std::uint64_t ban_s = 0, ttl_s = 60, limit = 0;
    std::optional<std::uint64_t> after_seq;
    std::optional<double> deadline_s;
    Conditions conditions;
    BanWish ban;
    double interval_s = 1;
    bool once = false;
    bool fleet = false;
    std::deque<std::pair<const RoomKey*, std::string>> keys;  // their addresses must not change
};

CLI::App* add(CLI::App& app, int& code, const char* name, const char* help, std::function<int()> run) {
    auto* verb = app.add_subcommand(name, help);
    verb->callback([run = std::move(run), &code] { code = run(); });
    return verb;
}

void add_spawn(CLI::App& app, Words& words, int& code) {
    const auto run = [&] {
        std::vector<std::pair<const RoomKey*, std::string>> given;
        for (const auto& [key, text] : words.keys) {
            if (!text.empty()) given.emplace_back(key, text);
        }
        return spawn(words.common, given);
    };
    auto* verb = add(app, code, "spawn", "Make a room; with the id of one that has these settings, find it.", run);
    for (const auto& key : room_keys()) {
        if (!key.in_spawn) continue;
        std::string name = "--" + std::string(key.name);
        std::replace(name.begin(), name.end(), '_', '-');
        auto& text = words.keys.emplace_back(&key, "").second;
        if (key.shape == KeyShape::flag) {
            verb->add_flag(name, text, std::string(key.doc));  // "true", or what follows an equals sign
            continue;
        }
        const std::string values = key.shape == KeyShape::schema ? "FILE.bfbs" : std::string(key.values);
        verb->add_option(name, text, std::string(key.doc))->type_name(values);
    }
}

void add_ban_verbs(CLI::App& app, Words& words, int& code) {
    const auto with_whom = [&](CLI::App* verb) {
        verb->add_option("WHO", words.ban.who, "A player's id, an address or a range as 192.0.2.0/24.")->required();
        verb->add_option("--room", words.ban.room_id, "A player, in this room alone.");
        return verb;
    };
    auto* banned = with_whom(add(app, code, "ban", "Send a player or an address away, for a time.", [&] { return ban(words.common, words.ban); }));
    banned->add_option("--minutes", words.ban.minutes, "For so long.")->capture_default_str();
    banned->add_option("--reason", words.ban.reason, "Told to the player.");
    with_whom(add(app, code, "unban", "Let somebody come again.", [&] { return unban(words.common, words.ban); }));
    add(app, code, "bans", "Who is banned.", [&] { return bans(words.common); });
}

void add_room_verbs(CLI::App& app, Words& words, int& code) {
    const Common& common = words.common;
    auto* list = add(app, code, "rooms", "List the rooms.", [&] { return rooms(common, words.type, words.limit); });
    list->add_option("--type", words.type, "Only rooms of this type.");
    list->add_option("--limit", words.limit, "At most so many; 0: all.");
    const auto with_room = [&](CLI::App* verb) {
        verb->add_option("ID", words.room_id, "The room's id.")->required();
        return verb;
    };
    with_room(
        add(app, code, "room", "A room's settings, players and figures.", [&] { return room(common, words.room_id); }));
    with_room(add(app, code, "state", "A room's whole state as JSON.", [&] { return state(common, words.room_id); }));
    with_room(add(app, code, "close", "End a room.", [&] {
        return close(common, words.room_id, words.reason);
    }))->add_option("--reason", words.reason, "Told to its players.");
    auto* kicked = with_room(add(app, code, "kick", "Put a player out of a room.", [&] {
        return kick(common, words.room_id, words.player_id, words.reason, words.ban_s);
    }));
    kicked->add_option("PLAYER", words.player_id, "The player's id.")->required();
    kicked->add_option("--reason", words.reason, "Told to the player.");
    kicked->add_option("--ban-s", words.ban_s, "May not come back for so many seconds.");
    auto* simulated = with_room(add(app, code, "simulate", "Play a bad network to a player; without flags, no longer.", [&] {
        return simulate(common, words.room_id, words.player_id, words.conditions);
    }));
    simulated->add_option("PLAYER", words.player_id, "The player's id.")->required();
    simulated->add_option("--delay-ms", words.conditions.delay_ms, "More on its round trip, half each way.");
    simulated->add_option("--jitter-ms", words.conditions.jitter_ms, "The round trip varies by so much, up and down.");
    simulated->add_option("--loss", words.conditions.loss, "Share of packets that are lost, 0 to 1: stalls, as TCP makes of them.");
    simulated->add_option("--bytes-per-s", words.conditions.bytes_per_s, "At most so many, each way; 0: no bound.");
    auto* issued = with_room(add(app, code, "ticket", "Make a ticket for a player.", [&] {
        return ticket(common, words.room_id, words.player_id, words.role, words.ttl_s);
    }));
    issued->add_option("PLAYER", words.player_id, "The player's id.")->required();
    issued->add_option("--role", words.role, "player, spectator or authority.")->capture_default_str();
    issued->add_option("--ttl-s", words.ttl_s, "Good for so many seconds.")->capture_default_str();
    auto* watched = add(app, code, "watch", "Follow what happens, until Ctrl-C.",
                        [&] { return watch(common, words.room_id, words.after_seq, words.fleet); });
    watched->add_option("ID", words.room_id, "Only this room.");
    watched->add_option("--after-seq,--after", words.after_seq, "Begin with what followed this number.");
    watched->add_flag("--fleet", words.fleet, "What happens on all nodes, by the socket of any; numbers are the fleet's.");
}

void add_relay_verbs(CLI::App& app, Words& words, int& code) {
    const Common& common = words.common;
    add(app, code, "info", "The relay's name, load and addresses.", [&] { return info(common); });
    auto* live = add(app, code, "top", "Load and busiest rooms, live.",
                     [&] { return top(common, words.once, words.interval_s); });
    live->add_flag("--once", words.once, "Print once, then exit.");
    live->add_option("--interval-s", words.interval_s, "Seconds between looks.")
        ->check(CLI::Range(0.1, 3600.0))
        ->capture_default_str();
    add(app, code, "drain", "No new rooms or joins; /readyz says 503.", [&] {
        return drain(common, words.deadline_s);
    })->add_option("--deadline-s", words.deadline_s, "Seconds until rooms are ended.");
    add(app, code, "undrain", "Take a drain back.", [&] { return undrain(common); });
    auto* checked =
        add(app, code, "check-schema", "Whether clients with the OLD schema can join rooms with the NEW one.",
            [&] { return check_schema(common, words.old_path, words.new_path); });
    checked->add_option("OLD", words.old_path, "A .bfbs.")->required();
    checked->add_option("NEW", words.new_path, "A .bfbs.")->required();
    add(app, code, "doctor", "Look for what is wrong with a relay and its host.", [&] { return doctor(common); });
    auto* any = add(app, code, "call", "Call any method of the admin socket.",
                    [&] { return call(common, words.method, words.params); });
    any->add_option("METHOD", words.method, "As room.broadcast.")->required();
    any->add_option("PARAMS", words.params, "A JSON object.");
    add(app, code, "version", "Versions of this tool and of the relay.", [&] { return show_version(common); });
}

int usage(const CLI::App& app, const CLI::ParseError& error, int count, char** arguments) {
    std::fprintf(stderr, "tickrelayctl: %s\n", error.what());
    std::vector<std::string> verbs;
    for (const auto* verb : app.get_subcommands([](const CLI::App*) { return true; }))
        verbs.push_back(verb->get_name());
    for (int i = 1; i < count; ++i) {
        const std::string word = arguments[i];
        if (word.starts_with('-') || std::find(verbs.begin(), verbs.end(), word) != verbs.end()) continue;
        if (const std::string near = nearest(word, verbs); !near.empty() && app.get_subcommands().empty()) {
            std::fprintf(stderr, "There is no verb %s, the nearest is %s.\n", word.c_str(), near.c_str());
        }
    }
    std::fprintf(stderr, "tickrelayctl --help lists the verbs, tickrelayctl VERB --help its flags.\n");
    return exit_usage;
}

int run(int count, char** arguments) {
    Words words;
    int code = exit_clean;
    CLI::App app{"tickrelayctl: asks and steers a relay over its admin socket", "tickrelayctl"};
    app.add_option("--admin", words.common.admin, "The admin socket, also of another host; else looked for where the relay puts it.")
        ->type_name("PATH|tls://HOST:PORT")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    Proof& proof = words.common.proof;
    app.add_option("--ca", proof.ca, "With tls://: PEM file of who signed the relay's certificate; else the system's.")->type_name("FILE");
    app.add_option("--cert", proof.cert, "With tls://: PEM file of the certificate to show.")->type_name("FILE");
    app.add_option("--key", proof.key, "Its private key; else in the same file.")->type_name("FILE");
    app.add_option("--token-file", proof.token_file, "With tls://: file of the relay's token.")->type_name("FILE");
    app.add_flag("--json", words.common.json, "Print the relay's answer as JSON.");
    app.require_subcommand(1)->fallthrough();
    add_relay_verbs(app, words, code);
    add_spawn(app, words, code);
    add_room_verbs(app, words, code);
    add_ban_verbs(app, words, code);
    try {
        app.parse(count, arguments);
    } catch (const CLI::CallForHelp& help) {
        return app.exit(help);
    } catch (const CLI::CallForAllHelp& help) {
        return app.exit(help);
    } catch (const CLI::ParseError& error) {
        return usage(app, error, count, arguments);
    } catch (const Failure& failure) {
        std::fprintf(stderr, "tickrelayctl: %s\n", failure.what());
        return failure.code;
    }
    return code;
}

}  // namespace

}  // namespace tickrelay::ctl

int main(int count, char** arguments) {
    std::signal(SIGPIPE, SIG_DFL);  // `tickrelayctl watch | head` ends quietly
    return tickrelay::ctl::run(count, arguments);
}
