#pragma once

#include "spark/channel.h"

namespace arrow {
class Table;
}

// For this room alone: it shows gRPC's types.
namespace qlake::spark {

// The table's rows as a relation of the session. Few rows travel in the relation itself; many go ahead as artifacts of
// the session, in pieces, because a message of over 128 MiB is refused. Throws as Session does.
proto::Relation Upload(Channel& channel, const arrow::Table& table);

}  // namespace qlake::spark
