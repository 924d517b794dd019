#pragma once

namespace qlake::simulate {

// The JSON Schema of the events that EventGenerator makes, as the app's producers would register it. Open: fields and
// types of events that it does not name may come.
extern const char* const kEventJsonSchema;

}  // namespace qlake::simulate
