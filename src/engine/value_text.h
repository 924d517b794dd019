#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// Values as the texts that result.h promises, whatever engine they come from.
namespace qlake::engine {

std::string FormatUnsigned(unsigned __int128 value, int digits_min);
std::string FormatScaled(__int128 unscaled, int scale);  // 12.50
std::string FormatFloat(float value);                    // The shortest text that reads as the value: 0.1, 2.0, NaN.
std::string FormatFloat(double value);
std::string FormatTimeOfDay(int64_t us);
std::string FormatBase64(std::string_view bytes);

// A timestamp without a time zone is a reading of a clock, no moment.
std::string WithoutZone(std::string text);

std::string QuoteJson(std::string_view text);
// JSON has no NaN and no infinity: there they are texts.
bool IsJsonNumber(std::string_view text);

}  // namespace qlake::engine
