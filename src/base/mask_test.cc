#include "base/mask.h"

#include <gtest/gtest.h>

namespace qlake::base {
namespace {

TEST(MaskTest, HidesAllButTheFirstCharacter) {
  EXPECT_EQ(Mask("alexander@example.com"), "a***(21)");
  EXPECT_EQ(Mask(""), "");
}

TEST(MaskTest, AddressesWithinATextAreHidden) {
  EXPECT_EQ(MaskWithin("could not convert 'ann.lee@gmail.com' to INT"), "could not convert 'a***(17)' to INT");
  EXPECT_EQ(MaskWithin("a@b.c,d@e.f"), "a***(5),d***(5)");
  EXPECT_EQ(MaskWithin("ann@lee@x.y"), "a***(7)@x.y") << "what is left names nobody";
  EXPECT_EQ(MaskWithin("\xc3\xa5se@x.no"), "***(9)");
  for (const char* text : {"", "@", "a @ b", "@host", "path/x@", "12:00 <= @ >"}) EXPECT_EQ(MaskWithin(text), text);
}

TEST(MaskTest, ValuesOfSecretParametersAreNotShown) {
  EXPECT_EQ(MaskSecrets("http://h/p?op=OPEN&delegation=abc%2F&x=1&token=t"),
            "http://h/p?op=OPEN&delegation=***&x=1&token=***");
  EXPECT_EQ(MaskSecrets("cannot ask \"http://h/?password=p\": no"), "cannot ask \"http://h/?password=***\": no");
  EXPECT_EQ(MaskSecrets("sc://h:1/;use_ssl=true;token=abc;user_id=x"), "sc://h:1/;use_ssl=true;token=***;user_id=x");
  EXPECT_EQ(MaskSecrets("http://h/p"), "http://h/p");
}

}  // namespace
}  // namespace qlake::base
