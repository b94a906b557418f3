// Prints relay/REFERENCE.md from the tables that the relay itself runs on.
//
//   tickrelay_reference > relay/REFERENCE.md
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>

#include "relay/config_keys.h"
#include "relay/core/drop.h"
#include "relay/door/event_ring.h"
#include "relay/door/methods.h"
#include "relay/door/room_keys.h"
#include "relay/stats.h"

namespace tickrelay {

namespace {

std::string cell(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '|') out += '\\';
        out += c == '\n' ? ' ' : c;
    }
    return out;
}
std::string code(std::string_view text) { return text.empty() ? "" : "`" + cell(text) + "`"; }
std::string with_unit(std::string_view values, std::string_view unit) {
    return cell(values) + (unit.empty() ? "" : " " + std::string(unit));
}

void row(std::initializer_list<std::string> cells) {
    std::string line = "|";
    for (const auto& text : cells) line += (text.empty() ? "" : " " + text) + " |";
    std::puts(line.c_str());
}
void head(std::initializer_list<std::string> cells) {
    row(cells);
    std::puts(("|" + [&] {
                  std::string line;
                  for (std::size_t i = 0; i < cells.size(); ++i) line += "---|";
                  return line;
              }()).c_str());
}

void configuration() {
    std::puts(
        "## Configuration\n\n"
        "Flags > environment > the file that `--config` names > defaults. Each key is also an environment variable: `TICKRELAY_`, section\n"
        "and key in upper case (`TICKRELAY_QUOTA_ROOMS`). \u21bb: taken on SIGHUP, without a restart.\n");
    std::string_view section = "?";
    for (const ConfigKey& key : config_keys()) {
        if (key.section != section) {
            section = key.section;
            if (!section.empty()) std::printf("\n### [%s]\n\n", std::string(section).c_str());
            head({"key", "values", "default", ""});
        }
        row({code(key.name) + (key.flag ? " " + code(key.flag_name()) : ""), with_unit(key.values, key.unit), code(key.get(Options{})),
             cell(key.doc) + (key.reload ? " \u21bb" : "")});
    }
}

void rooms() {
    std::puts(
        "\n## Room settings\n\nKeys of `[type.NAME]` and parameters of `room.spawn`; a spawn's own override its type's. A type also has\n"
        "`create` = \"operators\" or \"clients\".\n");
    head({"key", "values", "default", "where", ""});
    RoomSettings settings;
    for (const RoomKey& key : room_keys())
        row({code(key.name), with_unit(key.values, key.unit), code(key.get(settings)),
             key.in_types && key.in_spawn ? "" : key.in_types ? "types" : "spawn", cell(key.doc)});
}

void methods() {
    std::puts(
        "\n## Admin methods\n\nJSON-RPC 2.0 on the admin socket, one object a line; `?` may be left out. Errors have a stable `data.reason`.\n");
    head({"method", "parameters", ""});
    for (const auto table : {relay_methods(), room_methods(), ban_methods()})
        for (const Method& method : table) row({code(method.name), code(method.params), cell(method.doc)});
    std::puts("\nEvents, by `events.subscribe`:\n");
    std::string names;
    for (int i = 0; i <= static_cast<int>(RelayEventType::relay_undrained); ++i)
        names += (names.empty() ? "" : ", ") + code(name_of(static_cast<RelayEventType>(i)));
    std::puts((names + ".").c_str());
}

void metrics() {
    std::puts("\n## Metrics\n\n`GET /metrics` on the operations port, Prometheus text.\n");
    head({"metric", "type", "label", ""});
    StatsTotals totals;
    totals.tls_expires_s = 1;  // which a relay without TLS leaves out
    std::istringstream page(render_metrics(totals, ProcessFigures{}, version()));
    std::string name, help, type, line;
    bool first = false;
    while (std::getline(page, line)) {
        if (line.starts_with("# HELP ")) {
            const auto space = line.find(' ', 7);
            name = line.substr(7, space - 7);
            help = line.substr(space + 1);
        } else if (line.starts_with("# TYPE ")) {
            type = line.substr(line.rfind(' ') + 1);
            first = true;
        } else if (first) {
            first = false;
            const auto open = line.find('{');
            std::string label = open == std::string::npos ? "" : line.substr(open + 1, line.find('=') - open - 1);
            if (label == "le") label.clear();
            row({code(name), type, code(label), cell(help)});
        }
    }
}

void protocol() {
    std::puts(
        "\n## Close codes and reasons\n\nThe protocol is `schema/protocol.fbs` and `schema/PROTOCOL.md`. 4000 to 4399: the SDK reconnects; 4400 to 4999: it stops and\n"
        "reports.\n");
    head({"code", "label"});
    for (const CloseCode each : close_codes) row({std::to_string(static_cast<int>(each)), code(label(each))});
    std::puts("\nValues of `reason` in `tickrelay_refused_total` and `tickrelay_closed_total`:\n");
    std::string names;
    std::set<std::string_view> told;
    for (std::size_t i = 0; i < reasons; ++i)
        if (told.insert(reason_label(i)).second) names += (names.empty() ? "" : ", ") + code(reason_label(i));
    std::puts((names + ".").c_str());
}

}  // namespace

}  // namespace tickrelay

int main() {
    std::puts("# Reference\n\nMade from the code by `tickrelay_reference`; a test holds it against that.\n");
    tickrelay::configuration();
    tickrelay::rooms();
    tickrelay::methods();
    tickrelay::metrics();
    tickrelay::protocol();
}
