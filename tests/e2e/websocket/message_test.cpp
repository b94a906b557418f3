#include <gtest/gtest.h>

#include "tests/e2e/websocket/raw_client.h"
#include "tests/e2e/websocket/relay_under_test.h"

namespace tickrelay::test {
namespace {

std::string pattern(std::size_t bytes) {
    std::string text(bytes, '\0');
    for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>(i * 131 + i / 251);
    return text;
}

class Messages : public testing::Test {
  protected:
    Messages() {
        relay.start();
        client.emplace(relay.port);
        EXPECT_TRUE(client->upgrade());
    }

    void expect_echo(const std::string& payload) {
        const auto echo = client->read_frame();
        ASSERT_TRUE(echo);
        EXPECT_EQ(echo->opcode, binary);
        EXPECT_TRUE(echo->payload == payload) << echo->payload.size() << " bytes, not " << payload.size();
        EXPECT_EQ(relay.loop().misaligned, 0);
    }

    void expect_closed(int code, const std::string& reason) {
        const auto frame = client->read_frame();
        ASSERT_TRUE(frame);
        EXPECT_EQ(frame->close_code(), code);
        EXPECT_EQ(frame->close_text(), reason);
        EXPECT_EQ(relay.loop().received_count, 0);
        client->send(closing, frame->payload);
        EXPECT_TRUE(client->ended());
        EXPECT_TRUE(eventually([&] { return relay.loop().closed_count == 1; }));
    }

    RelayUnderTest relay;
    std::optional<RawClient> client;
};

TEST_F(Messages, of_every_size_come_whole_and_aligned) {
    for (const std::size_t bytes :
         {0, 1, 2, 7, 125, 126, 127, 511, 512, 513, 528, 529, 1000, 1023, 1024, 1025, 1040, 1041, 4096, 16'000, 65'535, 65'536}) {
        client->send(binary, pattern(bytes));
        expect_echo(pattern(bytes));
    }
}

TEST_F(Messages, many_in_one_segment_come_in_order) {
    std::string all;
    for (int i = 0; i < 500; ++i) all += client_frame(binary, "message " + std::to_string(i));
    client->write(all);
    for (int i = 0; i < 500; ++i) expect_echo("message " + std::to_string(i));
}

TEST_F(Messages, byte_by_byte_is_the_same) {
    for (const char byte : client_frame(binary, pattern(200))) client->write({&byte, 1});
    expect_echo(pattern(200));
}

TEST_F(Messages, in_fragments_with_a_ping_between_are_put_together) {
    client->write(client_frame(binary, pattern(700), false) + client_frame(ping, "p") +
                  client_frame(continuation, "", false) + client_frame(continuation, pattern(1300), false) +
                  client_frame(continuation, "end"));
    const auto first = client->read_frame();
    ASSERT_TRUE(first);
    if (first->opcode == pong) {
        expect_echo(pattern(700) + pattern(1300) + "end");
    } else {
        EXPECT_EQ(first->payload, pattern(700) + pattern(1300) + "end");
        EXPECT_EQ(client->read_frame()->opcode, pong);
    }
}

TEST_F(Messages, of_two_connections_in_alternating_fragments_do_not_mix) {
    RawClient other(relay.port);
    ASSERT_TRUE(other.upgrade());
    for (int i = 0; i < 20; ++i) {
        client->write(client_frame(i == 0 ? binary : continuation, pattern(500), i == 19));
        other.write(client_frame(i == 0 ? binary : continuation, std::string(500, 'o'), i == 19));
    }
    std::string expected;
    for (int i = 0; i < 20; ++i) expected += pattern(500);
    expect_echo(expected);
    EXPECT_EQ(other.read_frame()->payload, std::string(10'000, 'o'));
}

TEST_F(Messages, unmasked_are_taken_as_documented) {
    client->write(std::string("\x82\x03", 2) + "abc");
    expect_echo("abc");
}

TEST_F(Messages, ping_is_answered_with_its_payload) {
    client->send(ping, "are you there");
    const auto answer = client->read_frame();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->opcode, pong);
    EXPECT_EQ(answer->payload, "are you there");
}

TEST_F(Messages, text_closes_with_4400) {
    client->send(text, "hello");
    expect_closed(4400, "protocol_error: text message");
}

TEST_F(Messages, one_byte_too_large_closes_with_4413) {
    client->write(client_frame(binary, pattern(65'537)).substr(0, 2000));
    expect_closed(4413, "message_too_large");
}

TEST_F(Messages, fragments_that_add_up_to_too_much_close_with_4413) {
    client->write(client_frame(binary, pattern(40'000), false) +
                  client_frame(continuation, pattern(40'000)).substr(0, 100));
    expect_closed(4413, "message_too_large");
}

TEST_F(Messages, endless_fragments_close_with_4413) {
    std::string fragments = client_frame(binary, "", false);
    for (int i = 0; i < 70; ++i) fragments += client_frame(continuation, pattern(1000), false);
    client->write(fragments);
    expect_closed(4413, "message_too_large");
}

TEST_F(Messages, declared_64_bit_lengths_are_not_believed) {
    client->write(frame_head(binary, 1ull << 40, 8) + "some bytes");
    expect_closed(4413, "message_too_large");
}

TEST_F(Messages, length_with_the_highest_bit_ends_the_connection) {
    client->write(frame_head(binary, ~0ull, 8) + "some bytes");
    EXPECT_TRUE(client->ended());
    EXPECT_TRUE(eventually([&] { return relay.loop().closed_count == 1; }));
}

TEST_F(Messages, small_one_in_a_long_length_is_taken) {
    std::string masked = client_frame(binary, "tiny").substr(6);
    client->write(frame_head(binary, 4, 8) + masked);
    expect_echo("tiny");
    client->write(frame_head(binary, 4, 2) + masked);
    expect_echo("tiny");
}

TEST_F(Messages, empty_unmasked_in_a_long_length_does_no_harm) {
    client->write(std::string("\x82\x7E\x00\x00", 4) + client_frame(binary, "next"));
    EXPECT_TRUE(client->read_frame());  // closed with 4413: libwebsockets 4.1.6 counts below zero there
}

TEST_F(Messages, reserved_bits_and_opcodes_close_with_1002) {
    client->write("\xF2\x80\x01\x02\x03\x04");
    EXPECT_EQ(client->read_frame()->close_code(), 1002);
    RawClient other(relay.port);
    ASSERT_TRUE(other.upgrade());
    other.send(3, "x");
    EXPECT_EQ(other.read_frame()->close_code(), 1002);
}

}  // namespace
}  // namespace tickrelay::test
