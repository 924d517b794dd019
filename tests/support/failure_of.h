#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "base/error.h"

namespace qlake::testing {

// The message of the error of that kind that the action throws.
inline std::string FailureOf(const std::function<void()>& action, base::ErrorKind kind) {
  try {
    action();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.message();
    return error.message();
  }
  return "no failure";
}

}  // namespace qlake::testing
