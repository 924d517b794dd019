#include "report/display_width.h"

#include <gtest/gtest.h>

#include "report/bar.h"
#include "report/utf8.h"

namespace qlake::report {
namespace {

TEST(DisplayWidthTest, ColumnsAreCountedAsATerminalShowsThem) {
  EXPECT_EQ(DisplayWidth(""), 0u);
  EXPECT_EQ(DisplayWidth("Camera"), 6u);
  EXPECT_EQ(DisplayWidth("Zoë"), 3u);
  EXPECT_EQ(DisplayWidth("Zoe\u0308"), 3u) << "a combining mark has no column";
  EXPECT_EQ(DisplayWidth("日本語"), 6u);
  EXPECT_EQ(DisplayWidth("ﾊﾝｶｸ"), 4u) << "half-width katakana";
  EXPECT_EQ(DisplayWidth("한글"), 4u);
  EXPECT_EQ(DisplayWidth("👍"), 2u);
  EXPECT_EQ(DisplayWidth("👍🏽"), 2u) << "a skin tone colours the hand before it";
  EXPECT_EQ(DisplayWidth("👩\u200D👩\u200D👧"), 2u) << "a joined family is one emoji";
  EXPECT_EQ(DisplayWidth("❤\uFE0F"), 2u) << "the selector makes an emoji of the text heart";
  EXPECT_EQ(DisplayWidth("█▏"), 2u);
}

TEST(DisplayWidthTest, ACutTextHasAnEllipsisAndFits) {
  EXPECT_EQ(CutToWidth("Camera", 6), "Camera");
  EXPECT_EQ(CutToWidth("Camera", 5), "Came…");
  EXPECT_EQ(CutToWidth("日本語", 5), "日本…");
  EXPECT_EQ(CutToWidth("日本語", 4), "日…") << "half of a wide character cannot be shown";
  EXPECT_EQ(CutToWidth("Zoe\u0308x", 3), "Zo…");
  EXPECT_EQ(CutToWidth("ab", 1), "…");
  EXPECT_EQ(CutToWidth("ab", 0), "");
}

TEST(PrintableTest, WhatCommandsATerminalIsWrittenOut) {
  EXPECT_EQ(Printable("\x1b[2J"), "\\x1b[2J");
  EXPECT_EQ(Printable("a\tb\r\n"), "a\\tb\\r\\n");
  EXPECT_EQ(Printable("\u009b31m"), "\\u009b31m") << "CSI in one character";
  EXPECT_EQ(Printable("\u202Egnp.exe"), "\\u202egnp.exe") << "turns the direction of what follows";
  EXPECT_EQ(Printable("a\xff"), "a\\xff");
  EXPECT_EQ(Printable("Zoë 日本 👍"), "Zoë 日本 👍");
}

TEST(Utf8Test, OnlyValidUtf8IsACharacter) {
  for (const char* invalid :
       {"\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF8\x88", "\x80", "\xE2\x82"}) {
    EXPECT_FALSE(ReadUtf8(invalid).is_valid);
    EXPECT_EQ(ReadUtf8(invalid).bytes, 1u);
  }
  auto euro = ReadUtf8("€");
  EXPECT_TRUE(euro.is_valid);
  EXPECT_EQ(euro.code, U'€');
  EXPECT_EQ(euro.bytes, 3u);
  EXPECT_EQ(ReadUtf8("\U0010FFFF").code, U'\U0010FFFF');
}

TEST(BarTest, ABarHasEighthsOfAColumn) {
  EXPECT_EQ(DrawBar(1, 2), "██");
  EXPECT_EQ(DrawBar(0.5, 3), "█▌");
  EXPECT_EQ(DrawBar(1.0 / 16, 2), "▏");
  EXPECT_EQ(DrawBar(0.0001, 2), "▏") << "what is above 0 shows";
  EXPECT_EQ(DrawBar(0, 2), "");
  EXPECT_EQ(DrawBar(-1, 2), "");
  EXPECT_EQ(DrawBar(7, 2), "██");
}

TEST(BarTest, OnlyNumbersAreDrawn) {
  EXPECT_EQ(DrawnValue("19.9900"), 19.99);
  EXPECT_EQ(DrawnValue("-3"), -3);
  for (const char* no_number : {"", "12 units", "NaN", "inf", "2023-05-20"})
    EXPECT_EQ(DrawnValue(no_number), 0) << no_number;
}

}  // namespace
}  // namespace qlake::report
