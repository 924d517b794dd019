#include "cli/interrupts.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "cli/context.h"

namespace qlake::cli {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::hours kForever(1);  // Longer than a test may take.

// Runs `body` in a process of its own, as signals are for the whole process; gives the exit code.
template <typename Body>
int ExitCodeOf(Body body) {
  pid_t child = fork();
  if (child == 0) _exit(body());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

bool WaitFor(const std::atomic<bool>& flag) {
  for (int i = 0; i < 60'000 && !flag; ++i) std::this_thread::sleep_for(milliseconds(1));
  return flag;
}

TEST(InterruptsTest, TheFirstSignalCallsTheActionAndTheCommandMayEndByItself) {
  for (int signal : {SIGINT, SIGTERM}) {
    EXPECT_EQ(ExitCodeOf([signal] {
                Interrupts interrupts;
                std::atomic<bool> called = false;
                Interrupts::Scope scope(interrupts, [&called] { called = true; });
                kill(getpid(), signal);
                return WaitFor(called) && interrupts.happened() ? 7 : 1;
              }),
              7);
  }
}

TEST(InterruptsTest, ACommandThatDoesNotEndIsEnded) {
  EXPECT_EQ(ExitCodeOf([] {
              Interrupts interrupts;
              kill(getpid(), SIGINT);
              std::this_thread::sleep_for(kForever);
              return 1;
            }),
            kExitInterrupted);
}

TEST(InterruptsTest, TheSecondSignalEndsTheProcessAtOnce) {
  EXPECT_EQ(ExitCodeOf([] {
              Interrupts interrupts;
              std::atomic<bool> called = false;
              Interrupts::Scope scope(interrupts, [&called] { called = true; }, kForever);
              kill(getpid(), SIGINT);
              WaitFor(called);
              kill(getpid(), SIGINT);
              std::this_thread::sleep_for(kForever);
              return 1;
            }),
            kExitInterrupted);
}

TEST(InterruptsTest, AnActionIsNotCalledAfterItsScope) {
  EXPECT_EQ(ExitCodeOf([] {
              Interrupts interrupts;
              std::atomic<bool> called = false;
              {
                Interrupts::Scope scope(interrupts, [&called] { called = true; });
              }
              kill(getpid(), SIGTERM);
              std::this_thread::sleep_for(milliseconds(100));
              return interrupts.happened() && !called ? 7 : 1;
            }),
            7);
}

}  // namespace
}  // namespace qlake::cli
