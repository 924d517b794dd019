#include "cli/topic_labels.h"

#include <gtest/gtest.h>

namespace qlake::cli {
namespace {

using Labels = std::map<std::string, std::string>;

TEST(TopicLabelsTest, AFileIsShownByItsNameAlone) {
  EXPECT_EQ(LabelTopics({"/home/a/events.jsonl", "app-events"}),
            (Labels{{"/home/a/events.jsonl", "events.jsonl"}, {"app-events", "app-events"}}));
}

TEST(TopicLabelsTest, AsMuchOfAPathIsShownAsTellsItFromTheOthers) {
  EXPECT_EQ(LabelTopics({"/a/x/events.jsonl", "/a/y/events.jsonl"}),
            (Labels{{"/a/x/events.jsonl", "x/events.jsonl"}, {"/a/y/events.jsonl", "y/events.jsonl"}}));
  EXPECT_EQ(LabelTopics({"/events.jsonl", "/a/events.jsonl", "events.jsonl"}),
            (Labels{{"/events.jsonl", "/events.jsonl"},
                    {"/a/events.jsonl", "a/events.jsonl"},
                    {"events.jsonl", "events.jsonl"}}));
  EXPECT_EQ(LabelTopics({"/a/events.jsonl", "/a/more-events.jsonl"}),
            (Labels{{"/a/events.jsonl", "events.jsonl"}, {"/a/more-events.jsonl", "more-events.jsonl"}}));
}

}  // namespace
}  // namespace qlake::cli
