#include "spark/connection.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace qlake::spark {
namespace {

std::string RefusalOf(const std::string& address) {
  try {
    ParseAddress(address);
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), base::ErrorKind::kInput);
    return error.message();
  }
  return "none";
}

TEST(ConnectionTest, AnAddressSaysHostPortTlsAndUser) {
  Connection connection = ParseAddress("sc://spark.example:443/;use_ssl=true;user_id=Anna%20M;");
  EXPECT_EQ(connection.host, "spark.example");
  EXPECT_EQ(connection.port, 443);
  EXPECT_TRUE(connection.use_tls);
  EXPECT_EQ(connection.user, "Anna M");
}

TEST(ConnectionTest, WithoutAPortItIsSparksOwn) {
  EXPECT_EQ(NameOf(ParseAddress("sc://localhost")), "localhost:15002");
  EXPECT_EQ(NameOf(ParseAddress("sc://[::1]/")), "[::1]:15002");
  EXPECT_EQ(NameOf(ParseAddress("sc://[::1]:7")), "[::1]:7");
}

TEST(ConnectionTest, ATokenInTheAddressIsRefusedAndNotRepeated) {
  std::string refusal = RefusalOf("sc://host/;token=s3cret");
  EXPECT_NE(refusal.find("token"), std::string::npos);
  EXPECT_EQ(refusal.find("s3cret"), std::string::npos);
}

TEST(ConnectionTest, WhatIsNoAddressIsRefusedWithAnExample) {
  for (const char* address : {"", "host:15002", "http://host", "sc://", "sc://:15002", "sc://host:0", "sc://host:70000",
                              "sc://host:1x", "sc://host/path", "sc://host/;use_ssl=yes", "sc://host/;nix=1"}) {
    EXPECT_NE(RefusalOf(address), "none") << address;
  }
}

}  // namespace
}  // namespace qlake::spark
