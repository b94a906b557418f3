// A folder of a test's own, gone with it; and answers of a store, waited for. Owner: one test.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <future>
#include <string>

namespace tickrelay::test {

class Folder {
  public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "tickrelay-fleet-XXXXXX").string();
        EXPECT_NE(mkdtemp(name.data()), nullptr);
        path_ = name;
    }
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    std::string path_;
};

// ask(then): what comes back; fails the test where nothing does.
template <typename Result, typename Ask>
Result answer_of(Ask ask) {
    auto promise = std::make_shared<std::promise<Result>>();
    auto answer = promise->get_future();
    ask([promise](Result result) { promise->set_value(std::move(result)); });
    if (answer.wait_for(std::chrono::seconds(30)) != std::future_status::ready) {
        ADD_FAILURE() << "no answer";
        return Result{};
    }
    return answer.get();
}

}  // namespace tickrelay::test
