#include "relay/room_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "relay/log.h"

namespace tickrelay {
namespace {

std::string logged(RoomLog& log) {
    testing::internal::CaptureStderr();
    EXPECT_TRUE(log.step());
    return testing::internal::GetCapturedStderr();
}

RelayEvent joined(const std::string& player) {
    return {.time_ms = 0, .type = RelayEventType::player_joined, .room_id = "r", .player_id = player, .trace_id = "t"};
}

TEST(RoomLog, ALineSaysWhatHappenedWhenItDid) {
    EventRing ring;
    RoomLog log(ring);
    EXPECT_FALSE(log.step());
    ring.push(joined("ada"));
    EXPECT_EQ(logged(log), "1970-01-01T00:00:00.000Z INFO    player.joined room_id=r trace_id=t player_id=ada seq=1\n");
    EXPECT_FALSE(log.step()) << "once";
}

TEST(RoomLog, MessagesAreNotLogged) {
    EventRing ring;
    RoomLog log(ring);
    ring.push({.type = RelayEventType::room_message, .room_id = "r", .data = "secret"});
    EXPECT_EQ(logged(log), "");
}

TEST(RoomLog, AStormIsAHundredLinesAndACount) {
    EventRing ring(200);
    RoomLog log(ring);
    for (int i = 0; i < 500; ++i) ring.push(joined("ada"));
    const std::string text = logged(log);
    EXPECT_EQ(std::ranges::count(text, '\n'), 101);
    EXPECT_NE(text.find("more happened than is logged"), std::string::npos);
    EXPECT_NE(text.find("events=400\n"), std::string::npos) << "300 fell out of the ring, 100 were too many: " << text.substr(text.size() - 120);
}

}  // namespace
}  // namespace tickrelay
