#include "http/sessions.h"

#include <gtest/gtest.h>

namespace qlake::http {
namespace {

TEST(SessionsTest, ACookieIsForTheServerThatGaveIt) {
  Sessions sessions;
  EXPECT_EQ(sessions.CookieFor("http://a:1/x"), "");
  sessions.Keep("http://a:1/x?op=A", "c=1");
  EXPECT_EQ(sessions.CookieFor("http://a:1"), "c=1");
  EXPECT_EQ(sessions.CookieFor("http://a:1?op=B"), "c=1");
  for (const char* other : {"http://a:2/x", "http://b:1/x", "https://a:1/x", "http://a:11/x"}) {
    EXPECT_EQ(sessions.CookieFor(other), "") << other;
  }
  sessions.Keep("http://a:1/", "c=2");
  EXPECT_EQ(sessions.CookieFor("http://a:1/x"), "c=2");
}

}  // namespace
}  // namespace qlake::http
