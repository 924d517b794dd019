// The stream from a file of events, on the real binary: every event once, whatever kills it, whatever it holds.
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "base/test_seed.h"
#include "support/lake_fixture.h"

namespace qlake::testing {
namespace {

constexpr int kKilled = 128 + 9;
// Events lie behind it, so that none is from the future.
const Environment kNow = {{"QLAKE_NOW", "2023-12-28T12:00:00Z"}};

// Event number `n` carries its number as customer and product.
std::string NumberedEvent(int64_t n) {
  char text[400];
  const char* types[] = {"productView", "addToCart", "purchase", "recommendationClick"};
  std::snprintf(text, sizeof text,
                R"({"eventType":"%s","customerId":"%05d","productId":"%04d","timestamp":"2023-12-28T%02d:%02d:%02d",)"
                R"("metadata":{"quantity":2,"totalAmount":12.50,"paymentMethod":"PayPal"}})"
                "\n",
                types[n % 4], static_cast<int>(n / 10'000), static_cast<int>(n % 10'000), static_cast<int>(8 + n % 3),
                static_cast<int>(n % 60), static_cast<int>(n % 59));
  return text;
}

constexpr const char* kNumbers =
    "SELECT count(*), count(DISTINCT n), min(n), max(n) FROM (SELECT CAST(customerId AS BIGINT) * 10000 + "
    "CAST(productId AS "
    "BIGINT) AS n FROM app_events)";

int64_t EventsWanted(int64_t by_default) {
  const char* given = std::getenv("QLAKE_EVENTS");
  return given != nullptr ? std::atoll(given) : by_default;
}

class StreamTest : public LakeTest {
 public:
  void TestBody() override {}
  std::string events() const { return folder() + "/events.jsonl"; }

  void Write(const std::string& text) const { std::ofstream(events(), std::ios::app | std::ios::binary) << text; }
  void WriteNumbered(int64_t from, int64_t to) const {
    std::ofstream stream(events(), std::ios::app | std::ios::binary);
    for (int64_t n = from; n < to; ++n) stream << NumberedEvent(n);
  }

  static std::vector<std::string> StreamArguments(const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = {"stream", "--from-file", "events.jsonl", "--until-idle", "--quiet"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  ProcessResult Stream(const std::vector<std::string>& more = {}, Environment environment = {}) const {
    environment.insert(kNow.begin(), kNow.end());
    return Run(StreamArguments(more), environment);
  }
  std::string MustStream(const std::vector<std::string>& more = {}) const {
    auto result = Stream(more);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return result.out;
  }

  void InitProject() const { EXPECT_EQ(Qlake({"init", folder() + "/project"}).exit_code, 0); }

  std::string Ledger() const {
    std::string csv = MustRun({"ledger", "--format", "csv"});
    std::string line = csv.substr(csv.find('\n') + 1);
    return line.substr(line.find("events.jsonl/0"));
  }
};

TEST_F(StreamTest, EventsComeOnceHoweverOftenTheyAreStreamed) {
  WriteNumbered(0, 1000);
  EXPECT_EQ(MustStream(), "stream: 1000 messages = 1000 loaded + 0 dead letters, in 1 batches\n");
  EXPECT_EQ(MustStream(), "stream: 0 messages = 0 loaded + 0 dead letters, in 0 batches\n");
  WriteNumbered(1000, 1500);
  EXPECT_EQ(MustStream({"--batch-messages", "100"}),
            "stream: 500 messages = 500 loaded + 0 dead letters, in 5 batches\n");
  EXPECT_EQ(Sql(kNumbers), "1500,1500,0,1499\n");
  EXPECT_EQ(Sql("SELECT event_date, event_hour, count(*), min(\"timestamp\") FROM app_events GROUP BY ALL ORDER BY ALL "
                "LIMIT 1"),
            "2023-12-28,8,500,2023-12-28T08:00:00.000000Z\n");
  EXPECT_EQ(Ledger(), "events.jsonl/0,1500,1500,0,0,true\n");
}

TEST_F(StreamTest, EqualMessagesAreTwoEvents) {
  Write(NumberedEvent(1) + NumberedEvent(1));
  MustStream();
  EXPECT_EQ(Sql("SELECT count(*), count(DISTINCT _offset) FROM app_events"), "2,2\n");
}

TEST_F(StreamTest, BadMessagesAreDeadLettersWithBytesPlaceAndAllReasons) {
  Write(NumberedEvent(0));
  Write("no json\n\n{\"eventType\":\"x\",\"customerId\":\"1\"}\n");
  Write(NumberedEvent(1));
  MustStream();
  EXPECT_EQ(Sql("SELECT _offset, offsets, kind, reasons, decode(bytes) FROM app_events_dead_letter ORDER BY "
                "_offset"),
            "1,1,event,\"[\"\"the message is not JSON, a number or word is none of JSON's\"\"]\",no json\n"
            "2,1,no_message,\"[\"\"the topic holds no message at these offsets\"\"]\",\n"
            "3,1,event,\"[\"\"customerId must be 5 digits: 1\"\",\"\"timestamp is missing\"\"]\","
            "\"{\"\"eventType\"\":\"\"x\"\",\"\"customerId\"\":\"\"1\"\"}\"\n");
  EXPECT_EQ(Ledger(), "events.jsonl/0,4,2,2,0,true\n");
}

TEST_F(StreamTest, TheBreakerStopsAStreamOfNothingButBadMessages) {
  WriteNumbered(0, 50);
  for (int i = 0; i < 150; ++i) Write("{}\n");
  auto stopped = Stream();
  EXPECT_EQ(stopped.exit_code, 2);
  EXPECT_NE(stopped.err.find("150 of 200 messages of a batch are no good events, nothing of it was written"),
            std::string::npos)
      << stopped.err;
  EXPECT_EQ(Sql("SELECT count(*) FROM app_events"), "0\n");
  MustStream({"--bad-share-max", "0.8"});
  EXPECT_EQ(Ledger(), "events.jsonl/0,200,50,150,0,true\n");
}

TEST_F(StreamTest, AFileThatWasCutStopsLoudlyAndSkipsNothing) {
  WriteNumbered(0, 100);
  MustStream();
  std::string text = ReadFile(events());
  std::ofstream(events(), std::ios::binary) << text.substr(0, text.size() / 2);
  auto stopped = Stream();
  EXPECT_EQ(stopped.exit_code, 1);
  EXPECT_NE(stopped.err.find("of which the lake has read 100: it was cut"), std::string::npos) << stopped.err;
}

TEST_F(StreamTest, AnotherFileOfTheNameIsAnotherTopic) {
  WriteNumbered(0, 10);
  MustStream();
  std::ofstream(events(), std::ios::binary) << "";
  WriteNumbered(10, 15);
  MustStream();
  EXPECT_EQ(Sql(kNumbers), "15,15,0,14\n");
  // The ledger shows both, and which is which.
  std::string ledger = MustRun({"ledger", "--format", "csv"});
  for (const char* account : {",10,10,0,0,true\n", ",5,5,0,0,true\n"}) {
    EXPECT_NE(ledger.find(account), std::string::npos) << ledger;
  }
  EXPECT_EQ(std::count(ledger.begin(), ledger.end(), '#'), 2) << ledger;
  EXPECT_EQ(ledger.find(folder()), std::string::npos) << "a file is shown by its name: " << ledger;
}

TEST_F(StreamTest, TheLastLineCountsWithoutItsEndOnceItIsWhole) {
  std::string event = NumberedEvent(0);
  std::string next = NumberedEvent(1);
  Write(event + next.substr(0, 40));
  MustStream();
  EXPECT_EQ(Sql("SELECT count(*) FROM app_events"), "1\n");
  Write(next.substr(40, next.size() - 41));
  MustStream();
  EXPECT_EQ(Sql("SELECT count(*) FROM app_events"), "2\n");
  Write("\n" + NumberedEvent(2));
  MustStream();
  EXPECT_EQ(Sql(kNumbers), "3,3,0,2\n");
  EXPECT_EQ(Ledger(), "events.jsonl/0,3,3,0,0,true\n");
}

TEST_F(StreamTest, WhatTheContractDoesNotKnowIsKeptAndShownAsDrift) {
  Write(
      R"({"eventType":"login","customerId":"10001","timestamp":"2023-12-28T10:00:00","device":{"os":"x"},"metadata":{"n":1}})"
      "\n");
  Write(R"({"eventType":"login","customerId":"10001","timestamp":"2023-12-28T10:00:00","metadata":{"n":"one"}})"
        "\n");
  MustStream();
  MustStream();
  EXPECT_EQ(Sql("SELECT _rescued FROM app_events ORDER BY _offset LIMIT 1"),
            "\"{\"\"device\"\":{\"\"os\"\":\"\"x\"\"},\"\"metadata\"\":{\"\"n\"\":1}}\"\n");
  std::string drift = MustRun({"drift", "--format", "csv"});
  for (const char* line : {"events.app_events,event_type,login,eventType,string", "field,login,device,object",
                           "field,login,metadata.n,number", "field,login,metadata.n,string"}) {
    EXPECT_NE(drift.find(line), std::string::npos) << line << " in\n" << drift;
  }
  EXPECT_EQ(Sql("SELECT count(*) FROM ops.drift"), "4\n");
}

TEST_F(StreamTest, CorrectedDeadLettersAreReplayedOnce) {
  Write(NumberedEvent(0) + R"({"eventType":"x","customerId":"1","timestamp":"2023-12-28T10:00:00"})" + "\n{\n");
  MustStream();
  EXPECT_EQ(MustRun({"replay"}), "replay: 2 dead letters judged, 0 put back\n");
  std::ofstream(folder() + "/fixed.jsonl")
      << R"({"partition":0,"offset":1,"event":{"eventType":"x","customerId":"00001","timestamp":"2023-12-28T10:00:00"}})"
      << "\n";
  EXPECT_EQ(MustRun({"replay", "--corrected", "fixed.jsonl"}), "replay: 1 dead letters judged, 1 put back\n");
  auto again = Run({"replay", "--corrected", "fixed.jsonl"});
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_NE(again.err.find("there is no dead letter of that place that waits"), std::string::npos) << again.err;
  EXPECT_EQ(Sql("SELECT _offset, customerId, _replayed_at IS NOT NULL FROM app_events ORDER BY _offset"),
            "0,00000,false\n1,00001,true\n");
  EXPECT_EQ(Ledger(), "events.jsonl/0,3,2,1,0,true\n");
  // What the stream reads afterwards is not disturbed.
  WriteNumbered(1, 3);
  MustStream();
  EXPECT_EQ(Ledger(), "events.jsonl/0,5,4,1,0,true\n");
}

TEST_F(StreamTest, ReplayTakesDeadLettersThatAWiderContractAccepts) {
  Write(
      NumberedEvent(0) +
      R"({"eventType":"addToCart","customerId":"10001","productId":"2001","timestamp":"2023-12-28T10:00:00","quantity":7})"
      "\n");
  MustStream();
  InitProject();
  std::string path = folder() + "/project/events/app_events.toml";
  std::string contract = ReadFile(path);
  size_t at = contract.find("max = \"5\"");
  ASSERT_NE(at, std::string::npos);
  std::ofstream(path) << contract.replace(at, 9, "max = \"9\"");
  for (const char* label : {"replay.before_commit", "replay.after_commit"}) {
    Run({"replay", "--project", folder() + "/project"}, {{"QLAKE_CRASH_AT", label}});
  }
  MustRun({"replay", "--project", folder() + "/project"});
  EXPECT_EQ(Sql("SELECT _offset, quantity FROM app_events ORDER BY _offset"), "0,2\n1,7\n");
  EXPECT_EQ(Ledger(), "events.jsonl/0,2,2,0,0,true\n");
}

TEST_F(StreamTest, AStopCommitsWhatHasBeenRead) {
  WriteNumbered(0, 500);
  RunningQlake stream({"stream", "--from-file", "events.jsonl", "--quiet", "--batch-age", "60s", "--lake", lake()},
                      kNow, folder());
  std::this_thread::sleep_for(std::chrono::seconds(3));
  stream.Signal(SIGTERM);
  auto result = stream.Wait();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(Sql("SELECT count(*) FROM app_events"), "500\n");
}

TEST_F(StreamTest, AStreamForATimeEndsThenAndCommitsWhatHasCome) {
  WriteNumbered(0, 500);
  auto began = std::chrono::steady_clock::now();
  auto result =
      Run({"stream", "--from-file", "events.jsonl", "--quiet", "--for", "1500ms", "--batch-age", "60s"}, kNow);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(1500));
  EXPECT_EQ(result.out, "stream: 500 messages = 500 loaded + 0 dead letters, in 1 batches\n");
  auto refused = Run({"stream", "--from-file", "events.jsonl", "--for", "soon"}, kNow);
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE(refused.err.find("--for must be a duration"), std::string::npos) << refused.err;
}

TEST_F(StreamTest, AStreamEntersItselfAmongTheRunsAlsoWhileAnotherHoldsTheLease) {
  WriteNumbered(0, 100);
  Write("{}\n");
  MustStream();
  MustStream();
  EXPECT_EQ(
      Sql("SELECT command, state, files, rows, json_extract_string(details, '$.loaded'), "
          "json_extract_string(details, '$.dead_lettered'), json_extract_string(details, '$.seconds') IS NOT NULL, "
          "started_at <= finished_at FROM ops.runs"),
      "stream,done,0,101,100,1,true,true\n")
      << "one that wrote nothing is none";
  for (int i = 0; i < 150; ++i) Write("{}\n");
  EXPECT_EQ(Stream().exit_code, 2);
  EXPECT_EQ(Sql("SELECT state, rows FROM ops.runs WHERE message LIKE '150 of 150 messages%'"), "failed,0\n");
}

// Lakes that an earlier version made have dead letters without partitions.
TEST_F(StreamTest, DeadLettersLieInTheHourInWhichTheyCame) {
  Write(R"({"eventType":"x","customerId":"1","timestamp":"1999-12-28T10:00:00"})"
        "\n\n");
  MustStream();
  EXPECT_EQ(Sql("SELECT kind, event_date, event_hour FROM app_events_dead_letter ORDER BY _offset"),
            "event,2023-12-28,12\nno_message,2023-12-28,12\n");
  EXPECT_TRUE(std::filesystem::exists(lake() + "/events/app_events_dead_letter/event_date=2023-12-28/event_hour=12"));
}

class StreamKillTest : public StreamTest, public ::testing::WithParamInterface<const char*> {};

// Three batches with a dead letter each; killed at each pass of the label, and streamed on.
TEST_P(StreamKillTest, AStreamThatWasKilledAndGoesOnIsOneThatWasNot) {
  std::string label = GetParam();
  int kills = 0;
  for (int pass = 1; pass < 40; ++pass) {
    StreamKillTest disturbed;
    for (int64_t n = 0; n < 30; ++n) disturbed.Write(n % 10 == 7 ? "{}\n" : NumberedEvent(n));
    auto killed =
        disturbed.Stream({"--batch-messages", "10"}, {{"QLAKE_CRASH_AT", label + ":" + std::to_string(pass)}});
    if (killed.exit_code != kKilled) break;
    ++kills;
    disturbed.MustStream({"--batch-messages", "10"});
    ASSERT_EQ(disturbed.Sql("SELECT count(*), count(DISTINCT _offset) FROM app_events"), "27,27\n") << pass;
    ASSERT_EQ(disturbed.Sql("SELECT count(*), count(DISTINCT _offset) FROM app_events_dead_letter"), "3,3\n") << pass;
    ASSERT_EQ(disturbed.Sql("SELECT CAST(sum(event_count) AS BIGINT) FROM marts.events_10_minutes"), "27\n") << pass;
    ASSERT_EQ(disturbed.Ledger(), "events.jsonl/0,30,27,3,0,true\n") << pass;
  }
  EXPECT_GT(kills, 0) << "nothing passes " << label;
}

// A run passes the labels of a commit some 30 times here: the first will do of those that the batch job's tests pass,
// too.
INSTANTIATE_TEST_SUITE_P(EveryLabel, StreamKillTest,
                         ::testing::Values("stream.before_dead_letters", "stream.before_events", "stream.after_events",
                                           "delta.before_log", "delta.after_log", "events.after_mart"),
                         [](const auto& test) {
                           std::string name = test.param;
                           for (char& c : name) c = c == '.' ? '_' : c;
                           return name;
                         });

// Dead letters are committed, events are not: what the dead letters do not hold was judged good, and stays so.
TEST_F(StreamTest, AChangedRuleBetweenCrashAndRestartChangesNoVerdict) {
  for (int64_t n = 0; n < 20; ++n) Write(n % 10 == 3 ? "{}\n" : NumberedEvent(n));
  ASSERT_EQ(Stream({}, {{"QLAKE_CRASH_AT", "stream.before_events"}}).exit_code, kKilled);
  WriteNumbered(20, 22);
  // Today's contract wants six digits, takes no PayPal and no empty object amiss.
  InitProject();
  std::string path = folder() + "/project/events/app_events.toml";
  std::string contract = ReadFile(path);
  auto change = [&](const std::string& from, const std::string& to) {
    size_t at = contract.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    contract.replace(at, from.size(), to);
  };
  change("digits = 5", "digits = 6");
  change("\"Debit Card\", \"PayPal\"", "\"Debit Card\"");
  std::ofstream(path) << contract;
  MustStream({"--project", folder() + "/project"});
  EXPECT_EQ(Sql("SELECT count(*), count(DISTINCT _offset), count(customerId), count(_rescued) FROM app_events"),
            "18,18,0,18\n");
  EXPECT_EQ(Sql("SELECT count(*) FROM app_events_dead_letter"), "4\n");  // Two of old, and the two that came after.
  EXPECT_EQ(Ledger(), "events.jsonl/0,22,18,4,0,true\n");
}

// kill -9 again and again while a producer writes on; make soak takes 2 million events (QLAKE_EVENTS).
TEST_F(StreamTest, NumberedEventsComeOnceEachHoweverOftenTheStreamIsKilled) {
  const int64_t count = EventsWanted(100'000);
  std::mt19937_64 random(base::TestSeed());
  std::thread producer([&] {
    for (int64_t n = 0; n < count; n += 500) {
      WriteNumbered(n, std::min(count, n + 500));
      if (n % 2000 == 0) Write("not an event\n");
      std::this_thread::sleep_for(std::chrono::milliseconds(15));
    }
  });
  int kills = 0;
  bool done = false;
  std::thread waiter([&] {
    producer.join();
    done = true;
  });
  std::vector<std::string> arguments = {"stream", "--from-file",     "events.jsonl", "--quiet", "--batch-age",
                                        "20ms",   "--refresh-every", "200ms",        "--lake",  lake()};
  Write("");
  while (!done) {
    RunningQlake stream(arguments, kNow, folder());
    std::this_thread::sleep_for(std::chrono::milliseconds(300 + random() % 1200));
    stream.Signal(SIGKILL);
    EXPECT_EQ(stream.Wait().exit_code, kKilled);
    ++kills;
  }
  waiter.join();
  MustStream();
  EXPECT_GT(kills, 1);
  std::string n = std::to_string(count);
  EXPECT_EQ(Sql(kNumbers), n + "," + n + ",0," + std::to_string(count - 1) + "\n");
  EXPECT_EQ(Sql("SELECT CAST(sum(event_count) AS BIGINT) FROM marts.events_10_minutes"), n + "\n");
  int64_t dead = (count + 1999) / 2000;
  EXPECT_EQ(Ledger(),
            "events.jsonl/0," + std::to_string(count + dead) + "," + n + "," + std::to_string(dead) + ",0,true\n");
}

// Two processes over one file: one of them is always too late, and finds out.
TEST_F(StreamTest, TwoStreamsOfOneFileLoadEachEventOnce) {
  WriteNumbered(0, 20'000);
  auto arguments = StreamArguments({"--batch-messages", "500", "--lake", lake()});
  RunningQlake first(arguments, kNow, folder());
  RunningQlake second(arguments, kNow, folder());
  EXPECT_EQ(first.Wait().exit_code, 0) << first.Wait().err;
  EXPECT_EQ(second.Wait().exit_code, 0) << second.Wait().err;
  EXPECT_EQ(Sql(kNumbers), "20000,20000,0,19999\n");
  EXPECT_EQ(Ledger(), "events.jsonl/0,20000,20000,0,0,true\n");
}

class CompactedStreamTest : public StreamTest {
 public:
  // Hour 12 is the one that is not over at kNow.
  static std::string NumberedEventOfHour(int64_t n, int hour) {
    std::string event = NumberedEvent(n);
    size_t at = event.find("-28T") + 4;
    char text[3];
    std::snprintf(text, sizeof text, "%02d", hour);
    return event.replace(at, 2, text, 2);
  }
  void WriteHours(int64_t from, int64_t to) const {
    std::string lines;
    for (int64_t n = from; n < to; ++n) lines += NumberedEventOfHour(n, static_cast<int>(9 + n % 4));
    Write(lines);
  }
  // How many versions of app_events a compaction made, and how many of these took files of the open hour away.
  std::pair<int, int> Compactions() const {
    std::pair<int, int> found;
    for (const auto& entry : std::filesystem::directory_iterator(lake() + "/events/app_events/_delta_log")) {
      if (entry.path().extension() != ".json") continue;
      std::string text = ReadFile(entry.path());
      if (text.find("\"OPTIMIZE\"") == std::string::npos) continue;
      ++found.first;
      if (text.find("event_hour=12/") != std::string::npos) ++found.second;
    }
    return found;
  }
};

// Both are killed again and again, and the compaction always finds files that have just been committed.
TEST_F(CompactedStreamTest, CompactionBesideTheStreamLosesAndDoublesNothing) {
  const int64_t events_written = EventsWanted(40'000);
  std::mt19937_64 random(base::TestSeed());
  std::atomic<bool> is_written = false;
  std::thread producer([&] {
    for (int64_t n = 0; n < events_written; n += 500) {
      WriteHours(n, n + 500);
      if (n % 2000 == 0) Write("not an event\n");
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    is_written = true;
  });
  std::mt19937_64 compaction_random(random());
  int compactions_killed = 0;
  std::thread compactor([&] {
    while (!is_written) {
      RunningQlake compact({"compact", "app_events", "app_events_dead_letter", "--min-files", "2", "--lake", lake()},
                           kNow, folder());
      if (compaction_random() % 2 == 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(compaction_random() % 300));
        compact.Signal(SIGKILL);
        ++compactions_killed;
      }
      compact.Wait();
    }
  });
  int streams_killed = 0;
  while (!is_written) {
    RunningQlake stream({"stream", "--from-file", "events.jsonl", "--quiet", "--batch-age", "30ms", "--refresh-every",
                         "200ms", "--lake", lake()},
                        kNow, folder());
    std::this_thread::sleep_for(std::chrono::milliseconds(1000 + random() % 1500));
    EXPECT_FALSE(stream.HasEnded()) << stream.Wait().err;
    stream.Signal(SIGKILL);
    EXPECT_EQ(stream.Wait().exit_code, kKilled);
    ++streams_killed;
  }
  producer.join();
  compactor.join();
  MustStream();
  auto [compactions, of_open_hour] = Compactions();
  EXPECT_GT(compactions, 0);
  EXPECT_EQ(of_open_hour, 0);
  auto expect_all = [&] {
    std::string n = std::to_string(events_written);
    const int64_t dead = (events_written + 1999) / 2000;
    EXPECT_EQ(Sql(kNumbers), n + "," + n + ",0," + std::to_string(events_written - 1) + "\n");
    EXPECT_EQ(Sql("SELECT count(DISTINCT _offset) FROM app_events"), n + "\n");
    EXPECT_EQ(Sql("SELECT CAST(sum(event_count) AS BIGINT) FROM marts.events_10_minutes"), n + "\n");
    EXPECT_EQ(Ledger(), "events.jsonl/0," + std::to_string(events_written + dead) + "," + n + "," +
                            std::to_string(dead) + ",0,true\n");
  };
  expect_all();
  // When told, the open hour too; and the marts see no change in what was only moved.
  auto told = Run({"compact", "app_events", "--open", "--min-files", "2"}, kNow);
  EXPECT_EQ(told.exit_code, 0) << told.err;
  EXPECT_GT(Compactions().second, 0);
  MustStream();
  expect_all();
  std::printf("%d streams and %d compactions killed, %d compactions done\n", streams_killed, compactions_killed,
              compactions);
}

// A stream without marts makes no folder for what is no table's.
TEST_F(StreamTest, ALakeThatOnlyAStreamHasWrittenCanSpill) {
  WriteNumbered(0, 10);
  MustStream();
  std::filesystem::remove_all(lake() + "/_qlake");
  auto sorted =
      Run({"sql",
           "SELECT count(*) FROM (SELECT n, row_number() OVER (ORDER BY hash(n), CAST(n AS VARCHAR)) AS place "
           "FROM range(2000000) AS numbers(n)) WHERE place > 0",
           "--memory", "128MiB", "--format", "csv"},
          kNow);
  EXPECT_EQ(sorted.exit_code, 0) << sorted.err;
  EXPECT_NE(sorted.out.find("2000000"), std::string::npos) << sorted.out;
}

// The batch job and the stream write one lake at the same time.
TEST_F(StreamTest, TheBatchJobRunsBesideTheStream) {
  WriteNumbered(0, 5000);
  RunningQlake stream({"stream", "--from-file", "events.jsonl", "--quiet", "--batch-age", "50ms", "--refresh-every",
                       "100ms", "--lake", lake()},
                      kNow, folder());
  for (int hour = 10; hour < 13; ++hour) {
    Drop("2023-05-20T" + std::to_string(hour), "sales_transactions_1.csv",
         SalesCsv({{.id = "trx-" + std::to_string(hour)}}));
    MustRun({"run"});
    WriteNumbered(5000 + (hour - 10) * 100, 5100 + (hour - 10) * 100);
  }
  stream.Signal(SIGTERM);
  EXPECT_EQ(stream.Wait().exit_code, 0);
  MustStream();
  EXPECT_EQ(Sql(kNumbers), "5300,5300,0,5299\n");
  EXPECT_EQ(Sql("SELECT count(*) FROM sales_transactions_fact"), "3\n");
}

class StreamReportTest : public StreamTest {
 public:
  static std::string Script(const std::vector<std::string>& arguments) {
    std::vector<std::string> command = {QLAKE_PYTHON, std::string(QLAKE_REPOSITORY) + "/tests/stream/reports.py"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    auto result = RunProgram(command);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return result.out;
  }
};

// Streamed in three goes, so that marts are added to, with the batch job's refresh in between.
TEST_F(StreamReportTest, EveryReportSaysWhatPlainPythonSays) {
  std::string all = Script({"make", "7", "6000"});
  size_t third = all.find('\n', all.size() / 3) + 1;
  size_t half = all.find('\n', all.size() / 2) + 1;
  Write(all.substr(0, third));
  MustStream();
  Write(all.substr(third, half - third));
  MustStream();
  MustRun({"process"});
  Write(all.substr(half));
  MustStream();
  for (const char* report : {"app-sales-by-payment-method", "app-hourly-sales", "app-average-order-value",
                             "app-popular-categories", "app-revenue-by-customer", "app-category-views",
                             "app-adds-by-product", "app-clicks-by-algorithm", "app-funnel"}) {
    EXPECT_EQ(MustRun({"report", report, "--format", "csv"}), Script({"answer", report, events()})) << report;
  }
  // Windows carry how often they were issued, which depends on when they were streamed.
  EXPECT_EQ(
      Sql("SELECT window_start, eventType, event_count FROM marts.event_type_windows AS w WHERE revision = (SELECT "
          "max(revision) FROM marts.event_type_windows AS l WHERE l.window_start = w.window_start) ORDER BY ALL"),
      Script({"answer", "app-events-per-10-minutes", events()}));
  EXPECT_EQ(
      Sql("SELECT window_start, place, productId, event_count, view_count, add_count, purchased_quantity, totalAmount "
          "FROM marts.top_product_windows AS w WHERE revision = (SELECT max(revision) FROM marts.top_product_windows "
          "AS l WHERE l.window_start = w.window_start) ORDER BY ALL"),
      Script({"answer", "app-top-products-per-30-minutes", events()}));
}

TEST_F(StreamReportTest, TheFunnelCountsStepsInTheOrderOfTheirTimes) {
  auto event = [](const std::string& type, int customer, const std::string& time) {
    return R"({"eventType":")" + type + R"(","customerId":"1000)" + std::to_string(customer) +
           R"(","productId":"2001","timestamp":"2023-12-28T)" + time + "\"}\n";
  };
  auto stages = [&] {
    std::string csv = MustRun({"report", "app-funnel", "--format", "csv"});
    return csv.substr(csv.find('\n') + 1);
  };
  // 1 goes all the way; 2 buys before it adds; 3 adds before it views; 4 views only; 5 never views.
  Write(event("productView", 1, "10:00:00") + event("addToCart", 1, "10:00:00") + event("purchase", 1, "10:00:00"));
  Write(event("productView", 2, "10:00:00") + event("addToCart", 2, "10:05:00") + event("purchase", 2, "10:04:00"));
  Write(event("addToCart", 3, "10:00:00") + event("productView", 3, "10:01:00") + event("purchase", 3, "10:02:00"));
  Write(event("productView", 4, "10:00:00"));
  Write(event("addToCart", 5, "10:00:00") + event("purchase", 5, "10:01:00"));
  MustStream();
  EXPECT_EQ(stages(), "1,productView,4,100.00\n2,addToCart,2,50.00\n3,purchase,1,25.00\n");
  // Late events put 3 on the way, and a later purchase 2.
  Write(event("productView", 3, "09:59:00") + event("purchase", 2, "10:06:00"));
  MustStream();
  EXPECT_EQ(stages(), "1,productView,4,100.00\n2,addToCart,3,75.00\n3,purchase,3,75.00\n");
  // Another writer takes both away: their times are gone, too.
  auto deleted = RunProgram({QLAKE_PYTHON, "-c",
                             "import deltalake, sys; deltalake.DeltaTable(sys.argv[1]).delete('_offset >= 12')",
                             lake() + "/events/app_events"});
  ASSERT_EQ(deleted.exit_code, 0) << deleted.err;
  MustRun({"process"});
  EXPECT_EQ(stages(), "1,productView,4,100.00\n2,addToCart,2,50.00\n3,purchase,1,25.00\n");
}

TEST_F(StreamReportTest, AWindowIsOpenThenClosedAndRevisedByLateEvents) {
  auto view = [](const std::string& time) {
    return R"({"eventType":"productView","customerId":"10001","productId":"2001","timestamp":"2023-12-28T)" + time +
           "\"}\n";
  };
  auto issues = [&] {
    return Sql(
        "SELECT strftime(window_start, '%H:%M') AS w, revision, event_count, state FROM marts.event_type_windows ORDER "
        "BY ALL");
  };
  Write(view("10:01:00") + view("10:12:00"));
  MustStream();
  EXPECT_EQ(issues(), "10:00,1,1,closed\n10:10,1,1,open\n");
  Write(view("10:13:00"));
  MustStream();
  Write(view("10:25:00"));
  MustStream();
  Write(view("10:14:00") + view("10:02:00"));
  MustStream();
  EXPECT_EQ(issues(),
            "10:00,1,1,closed\n10:00,2,2,revised\n10:10,1,1,open\n10:10,2,2,open\n10:10,3,2,closed\n10:10,4,3,revised\n"
            "10:20,1,1,open\n");
  std::string report = MustRun({"report", "app-events-per-10-minutes", "--format", "csv"});
  EXPECT_NE(report.find("2023-12-28T10:10:00.000000Z,2023-12-28T10:20:00.000000Z,productView,3,revised,4"),
            std::string::npos)
      << report;
}

TEST_F(StreamReportTest, ARunShowsTheReportsOfALakeThatHoldsEventsAlone) {
  WriteNumbered(0, 10);
  MustStream();
  std::filesystem::create_directories(landing());
  std::string out = MustRun({"run"});
  EXPECT_NE(out.find("(qlake report app-funnel)"), std::string::npos) << out;
  EXPECT_EQ(out.find("(qlake report top-products)"), std::string::npos) << out;
}

TEST_F(StreamReportTest, AReportOfEventsWithoutAnySaysWhatToDo) {
  Drop("2023-05-20T10", "sales_transactions_1.csv", SalesCsv({{.id = "trx-1"}}));
  EXPECT_EQ(MustRun({"run"}).find("app-funnel"), std::string::npos);
  auto result = Run({"report", "app-funnel"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("no events have been streamed into the lake"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace qlake::testing
