#include "run/retries.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/error.h"

namespace qlake::run {
namespace {

using std::chrono::milliseconds;

TEST(RetriesTest, WhatIsUnavailableIsTriedAgainUntilItIsThere) {
  int calls = 0;
  WithRetries({.retry_for = milliseconds(5'000), .pause = milliseconds(1)}, [&] {
    if (++calls < 5) throw base::UnavailableError("gone");
  });
  EXPECT_EQ(calls, 5);
}

TEST(RetriesTest, WhatTryingAgainWouldNotMendIsThrownAtOnce) {
  int calls = 0;
  auto fail = [&] {
    ++calls;
    throw base::IoError("disk full");
  };
  EXPECT_THROW(WithRetries({.retry_for = milliseconds(5'000), .pause = milliseconds(1)}, fail), base::Error);
  EXPECT_EQ(calls, 1);
}

TEST(RetriesTest, PausesGrowAndTheTimeEndsIt) {
  int calls = 0;
  auto fail = [&] {
    ++calls;
    throw base::UnavailableError("gone");
  };
  EXPECT_THROW(WithRetries({.retry_for = milliseconds(200), .pause = milliseconds(20)}, fail), base::Error);
  EXPECT_LT(calls, 6) << "20, 40, 80 ms, then the time would be over";
  EXPECT_GT(calls, 1);
}

// An hour of failing passes in no time: its attempts, as seconds since the first.
struct Attempts {
  std::vector<int64_t> at_s;
  milliseconds now{0};

  RetryOptions Options(std::chrono::seconds retry_for) {
    RetryOptions options{.retry_for = retry_for};
    options.elapsed = [this] { return now; };
    options.sleep = [this](milliseconds pause) { now += pause; };
    return options;
  }
  void Fail(milliseconds takes = {}) {
    at_s.push_back(std::chrono::duration_cast<std::chrono::seconds>(now).count());
    now += takes;
    throw base::UnavailableError("gone");
  }
};

TEST(RetriesTest, PausesDoubleUpToHalfAMinuteAndEndWithTheTime) {
  Attempts attempts;
  EXPECT_THROW(WithRetries(attempts.Options(std::chrono::seconds(180)), [&] { attempts.Fail(); }), base::Error);
  EXPECT_EQ(attempts.at_s, (std::vector<int64_t>{0, 1, 3, 7, 15, 31, 61, 91, 121, 151}));
}

TEST(RetriesTest, TheTimeCountsFromTheFirstFailureAndHoldsWhatAttemptsTake) {
  Attempts attempts;
  EXPECT_THROW(
      WithRetries(attempts.Options(std::chrono::seconds(60)), [&] { attempts.Fail(std::chrono::seconds(20)); }),
      base::Error);
  EXPECT_EQ(attempts.at_s, (std::vector<int64_t>{0, 21, 43, 67})) << "the first failed at 20, so 80 s end it";
}

TEST(RetriesTest, WithoutTimeForItNothingIsTriedAgain) {
  Attempts attempts;
  EXPECT_THROW(WithRetries(attempts.Options(std::chrono::seconds(0)), [&] { attempts.Fail(); }), base::Error);
  EXPECT_EQ(attempts.at_s.size(), 1u);
}

TEST(RetriesTest, WhoCancelsWaitsForNoPause) {
  Attempts attempts;
  auto options = attempts.Options(std::chrono::seconds(3'600));
  options.is_cancelled = [&] { return attempts.now > milliseconds(40'000); };
  EXPECT_THROW(WithRetries(options, [&] { attempts.Fail(); }), base::Error);
  EXPECT_EQ(attempts.at_s.back(), 31);
  EXPECT_LT(attempts.now, milliseconds(41'000));
}

TEST(RetriesTest, CancellingEndsThePause) {
  int calls = 0;
  auto fail = [&] {
    ++calls;
    throw base::UnavailableError("gone");
  };
  RetryOptions options{.retry_for = std::chrono::hours(2), .pause = std::chrono::hours(1)};
  auto began = std::chrono::steady_clock::now();
  options.is_cancelled = [&] { return std::chrono::steady_clock::now() - began > milliseconds(200); };
  EXPECT_THROW(WithRetries(options, fail), base::Error);
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace qlake::run
