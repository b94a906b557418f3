// A program beside the relays, and the lines that it says on stdout; its stderr is the test's. Owner: one test. Ended by its process id.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace tickrelay::test {

class Child {
  public:
    explicit Child(std::vector<std::string> command);
    ~Child();  // kills it and its own children
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    // Every line so far.
    const std::vector<std::string>& lines();
    bool says(const std::function<bool(const std::vector<std::string>&)>& enough);  // waits; false where it does not come
    [[nodiscard]] bool runs();
    void signal(int number);
    int ended();  // waits for its end: the exit code, -1 where it had to be killed

  private:
    void end();

    pid_t process_ = -1;
    int status_ = -1;
    int output_ = -1;
    std::string part_;
    std::vector<std::string> lines_;
};

}  // namespace tickrelay::test
