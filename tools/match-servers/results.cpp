// Every match's result of a whole fleet, as for a ladder or a payout: a durable consumer of the stream <fleet>_journal.
//
//     g++ -std=c++20 results.cpp -lnats -o results && ./results nats://127.0.0.1:4222 [FLEET]
//
// The servers remember how far "results" came: it goes on there after a stop, a crash, or a week away. A result may come twice (its node or
// this program ended in between), always with the same id NODE.SEQ: store it under that as a unique key, then twice is once.
#include <nats/nats.h>

#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

namespace {

volatile std::sig_atomic_t stopping = 0;

void need(natsStatus status, const char* what) {
    if (status == NATS_OK) return;
    std::fprintf(stderr, "results: %s: %s\n", what, natsStatus_GetText(status));
    std::exit(1);
}

// Your database in place of this set.
void store(const nlohmann::json& event) {
    static std::set<std::string> keys;
    const std::string key = event.at("node").get<std::string>() + "." + event.at("seq").dump();
    if (keys.insert(key).second) std::printf("%s %s %s\n", key.c_str(), event.at("room_id").get<std::string>().c_str(), event.at("data").dump().c_str());
    std::fflush(stdout);
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 2) return std::fprintf(stderr, "results URL[,URL…] [FLEET]\n"), 2;
    const std::string fleet = count > 2 ? arguments[2] : "tickrelay";
    std::signal(SIGTERM, [](int) { stopping = 1; });
    std::signal(SIGINT, [](int) { stopping = 1; });
    natsConnection* connection = nullptr;
    jsCtx* js = nullptr;
    natsSubscription* results = nullptr;
    need(natsConnection_ConnectTo(&connection, arguments[1]), arguments[1]);
    need(natsConnection_JetStream(&js, connection, nullptr), "JetStream");
    jsSubOptions how;
    jsSubOptions_Init(&how);
    const std::string stream = fleet + "_journal";
    how.Stream = stream.c_str();
    how.Config.AckPolicy = js_AckExplicit;
    how.Config.AckWait = 30'000'000'000;  // ns: who takes longer gets it again
    // By kind: *.player.> is who came and went, *.room.> what became of rooms, > is everything.
    need(js_PullSubscribe(&results, js, (fleet + ".journal.*.room.result").c_str(), "results", nullptr, &how, nullptr), stream.c_str());
    while (!stopping) {
        natsMsgList batch{};
        const natsStatus status = natsSubscription_Fetch(&batch, results, 64, 500, nullptr);
        if (status != NATS_OK && status != NATS_TIMEOUT) nats_Sleep(500);  // the servers are away: the library connects again by itself
        for (int i = 0; i < batch.Count; ++i) {
            const auto event = nlohmann::json::parse(std::string(natsMsg_GetData(batch.Msgs[i]), static_cast<std::size_t>(natsMsg_GetDataLength(batch.Msgs[i]))));
            store(event);
            natsMsg_Ack(batch.Msgs[i], nullptr);  // not before it is stored
        }
        natsMsgList_Destroy(&batch);
    }
    natsSubscription_Destroy(results);
    jsCtx_Destroy(js);
    natsConnection_Close(connection);
    natsConnection_Destroy(connection);
    return 0;
}
