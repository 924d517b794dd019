// The registry's client against an actual registry. All in one test: it takes some seconds to start.
#include "kafka/schema_registry.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "support/schema_registry_server.h"

namespace qlake::testing {
namespace {

using kafka::Schema;
using kafka::SchemaRegistry;

base::ErrorKind KindOfFailure(const kafka::SchemaRegistryOptions& options) {
  try {
    SchemaRegistry(options).Find(1);
  } catch (const base::Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "no failure";
  return base::ErrorKind::kIo;
}

TEST(SchemaRegistryTest, SchemasAreRegisteredFoundOnceAndUnknownOnesAreNoFailure) {
  SchemaRegistryServer server;
  const Schema schema = {"JSON", R"({"$schema":"http://json-schema.org/draft-07/schema#","type":"object"})"};
  SchemaRegistry writer({.url = server.url() + "/"});
  const int32_t id = writer.Register("app-events-value", schema);
  EXPECT_EQ(writer.Register("app-events-value", schema), id);

  SchemaRegistry reader({.url = server.url()});
  const Schema* found = reader.Find(id);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->type, "JSON");
  EXPECT_EQ(found->text, schema.text);
  EXPECT_EQ(reader.Find(id + 1000), nullptr);
  EXPECT_EQ(reader.Find(-1), nullptr);

  // A wrong address must not look like a registry that knows nothing.
  EXPECT_EQ(KindOfFailure({.url = server.url() + "/elsewhere"}), base::ErrorKind::kInput);
  EXPECT_EQ(KindOfFailure({.url = "no address at all"}), base::ErrorKind::kInput);

  server.Kill();
  EXPECT_EQ(reader.Find(id), found) << "what is known is not asked again";
  EXPECT_EQ(KindOfFailure({.url = server.url(), .timeout = std::chrono::milliseconds(2000)}),
            base::ErrorKind::kUnavailable);
}

}  // namespace
}  // namespace qlake::testing
