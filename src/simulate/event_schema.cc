#include "simulate/event_schema.h"

namespace qlake::simulate {

const char* const kEventJsonSchema = R"({
  "$schema": "http://json-schema.org/draft-07/schema#",
  "title": "AppEvent",
  "type": "object",
  "required": ["eventType", "customerId", "timestamp"],
  "properties": {
    "eventType": {"type": "string"},
    "customerId": {"type": "string", "pattern": "^[0-9]{5}$"},
    "productId": {"type": "string", "pattern": "^[0-9]{4}$"},
    "timestamp": {"type": "string"},
    "metadata": {
      "type": "object",
      "properties": {
        "category": {"type": "string"},
        "source": {"type": "string"},
        "quantity": {"type": "integer", "minimum": 1, "maximum": 5},
        "totalAmount": {"type": "number", "minimum": 10, "maximum": 500},
        "paymentMethod": {"type": "string"},
        "recommendedProductId": {"type": "string", "pattern": "^[0-9]{4}$"},
        "algorithm": {"type": "string"}
      }
    }
  }
})";

}  // namespace qlake::simulate
