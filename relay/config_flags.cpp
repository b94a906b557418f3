#include <CLI/CLI.hpp>

#include "relay/config.h"
#include "relay/door/nearest.h"

namespace tickrelay {

namespace {

// The library's own message, and what is near to a flag that nobody knows.
std::string usage(const CLI::App& app, const CLI::ParseError& error, const std::vector<std::string>& arguments) {
    std::string text = std::string("tickrelay: ") + error.what() + "\n";
    std::vector<std::string> known;
    for (const auto* option : app.get_options()) {
        for (const auto& name : option->get_lnames()) known.push_back("--" + name);
    }
    for (const auto& argument : arguments) {
        const auto name = argument.substr(0, argument.find('='));
        if (!name.starts_with("--") || std::find(known.begin(), known.end(), name) != known.end()) continue;
        if (const auto near = nearest(name, known); !near.empty())
            text += "There is no " + name + ", the nearest is " + near + ".\n";
    }
    return text + "tickrelay --help lists the flags.\n";
}

std::string help_of(const ConfigKey& key) {
    std::string text(key.doc);
    const std::string preset = key.get(Options{});
    if (!preset.empty() && preset != "\"\"" && preset != "[]") text += " Default " + preset + ".";
    return text;
}

}  // namespace

std::variant<Flags, Exit> parse_flags(const std::vector<std::string>& arguments) {
    Flags flags;
    bool show_version = false;
    CLI::App app{"tickrelay: a low-latency game state relay", "tickrelay"};
    app.add_option("--config", flags.config_path, "Configuration file (TOML); --print-config documents its keys.")
        ->type_name("FILE");
    app.add_flag("--dev", flags.dev, "For trying out: loopback only, anyone may join and make rooms.");
    std::vector<std::pair<const ConfigKey*, std::vector<std::string>>> given;
    given.reserve(config_keys().size());
    for (const auto& key : config_keys()) {
        if (!key.flag) continue;
        auto& target = given.emplace_back(&key, std::vector<std::string>{}).second;
        auto* option = app.add_option(key.flag_name(), target, help_of(key))->type_name(std::string(key.values));
        option->expected(1)->allow_extra_args(false);
        option->multi_option_policy(key.shape == Shape::list ? CLI::MultiOptionPolicy::TakeAll
                                                             : CLI::MultiOptionPolicy::Throw);
    }
    app.add_flag("--check-config", flags.check_config, "Check the configuration, then exit.");
    app.add_flag("--print-config", flags.print_config, "Print the effective configuration, documented, then exit.");
    app.add_flag("--version", show_version, "Print the version, then exit.");
    try {
        std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
        if (!reversed.empty()) reversed.pop_back();
        app.parse(reversed);
    } catch (const CLI::CallForHelp&) {
        return Exit{exit_clean, app.help()};
    } catch (const CLI::ParseError& error) {
        return Exit{exit_usage, usage(app, error, arguments)};
    }
    if (show_version) return Exit{exit_clean, "tickrelay " + std::string(version()) + "\n"};
    for (auto& [key, values] : given) {
        for (auto& value : values) flags.values.emplace_back(key, std::move(value));
    }
    return flags;
}

}  // namespace tickrelay
