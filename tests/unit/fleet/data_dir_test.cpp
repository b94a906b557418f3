#include "relay/fleet/data_dir.h"

#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "folder.h"

namespace tickrelay {
namespace {

using test::Folder;

TEST(DataDir, is_made_and_belongs_to_one_at_a_time) {
    Folder folder;
    const std::string path = folder.path() + "/a/b";
    {
        DataDir first, second;
        EXPECT_EQ(first.open(path), std::nullopt);
        EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms::owner_all);
        const auto refused = second.open(path);
        ASSERT_TRUE(refused);
        EXPECT_NE(refused->find("in use by another relay (process " + std::to_string(getpid())), std::string::npos) << *refused;
    }
    DataDir third;
    EXPECT_EQ(third.open(path), std::nullopt) << "it is free again";
}

TEST(DataDir, that_is_a_file_is_refused_with_the_remedy) {
    Folder folder;
    const std::string path = folder.path() + "/file";
    std::ofstream(path) << "here";
    DataDir directory;
    const auto refused = directory.open(path);
    ASSERT_TRUE(refused);
    EXPECT_NE(refused->find(path), std::string::npos) << *refused;
    EXPECT_NE(refused->find("writ"), std::string::npos) << *refused;
}

TEST(DataDir, the_next_process_knows_how_long_the_last_one_lived) {
    Folder folder;
    const std::int64_t now_ms = now_since_1970_ms();
    const pid_t child = fork();
    if (child == 0) {
        DataDir directory;
        if (directory.open(folder.path()) || directory.past().known) _exit(1);
        directory.pulse(now_ms, now_ms - 1'000);
        kill(getpid(), SIGKILL);
    }
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));
    DataDir directory;
    ASSERT_EQ(directory.open(folder.path()), std::nullopt);
    ASSERT_TRUE(directory.past().known);
    EXPECT_GE(directory.past().lived_ms, now_ms);
    EXPECT_LE(directory.past().lived_ms, now_ms + 2'000) << "as late as a pulse may be, the machine was not off";
    EXPECT_EQ(directory.past().kept_ms, now_ms - 1'000);
}

}  // namespace
}  // namespace tickrelay
