// What qlake asks of a HiveServer2: a session, a statement, its rows. Written for qlake, with the calls and fields that it
// uses: Thrift's binary protocol passes over fields that a reader does not know, so numbers and types of fields are what
// both sides must have in common.
namespace cpp qlake.hive.server

enum Code { SUCCESS = 0, SUCCESS_WITH_INFO = 1, STILL_EXECUTING = 2, FAILED = 3, INVALID_HANDLE = 4 }

struct Status {
  1: required Code code
  3: optional string sql_state
  5: optional string message
}

struct Id {
  1: required binary guid
  2: required binary secret
}

struct Session {
  1: required Id id
}

struct Operation {
  1: required Id id
  2: required i32 kind
  3: required bool has_rows
}

struct OpenSessionRequest {
  1: required i32 protocol
  2: optional string username
  3: optional string password
  4: optional map<string, string> settings
}
struct OpenSessionAnswer {
  1: required Status status
  2: required i32 protocol
  3: optional Session session
}

struct CloseSessionRequest {
  1: required Session session
}
struct CloseSessionAnswer {
  1: required Status status
}

struct ExecuteStatementRequest {
  1: required Session session
  2: required string statement
  4: optional bool in_background
}
struct ExecuteStatementAnswer {
  1: required Status status
  2: optional Operation operation
}

enum State { INITIALIZED = 0, RUNNING = 1, FINISHED = 2, CANCELED = 3, CLOSED = 4, FAILED = 5, UNKNOWN = 6, PENDING = 7,
  TIMED_OUT = 8 }

struct OperationRequest {
  1: required Operation operation
}
struct OperationStatusAnswer {
  1: required Status status
  2: optional State state
  5: optional string message
}
struct CloseOperationAnswer {
  1: required Status status
}

enum Type { BOOLEAN = 0, TINYINT = 1, SMALLINT = 2, INT = 3, BIGINT = 4, FLOAT = 5, DOUBLE = 6, STRING = 7, TIMESTAMP = 8,
  BINARY = 9, DECIMAL = 15, DATE = 17, VARCHAR = 18, CHAR = 19 }

union Qualifier {
  1: optional i32 number
  2: optional string text
}
struct Qualifiers {
  1: required map<string, Qualifier> values
}
struct PrimitiveType {
  1: required i32 type // A Type, or a number that stands for a nested one, whose values come as text.
  2: optional Qualifiers qualifiers
}
// Of the other kinds, which HiveServer2 does not use for results, the field is unset.
union TypeEntry {
  1: PrimitiveType primitive
}
struct TypeDescription {
  1: required list<TypeEntry> entries
}
struct ColumnDescription {
  1: required string name
  2: required TypeDescription type
}
struct Schema {
  1: required list<ColumnDescription> columns
}
struct ResultSchemaAnswer {
  1: required Status status
  2: optional Schema schema
}

// Cells of one column, and a bit for each that is NULL, the first in the lowest bit of the first byte. Bytes of zeros at
// the end may be left out.
struct Bools {
  1: required list<bool> values
  2: required binary nulls
}
struct Bytes {
  1: required list<i8> values
  2: required binary nulls
}
struct Shorts {
  1: required list<i16> values
  2: required binary nulls
}
struct Ints {
  1: required list<i32> values
  2: required binary nulls
}
struct Longs {
  1: required list<i64> values
  2: required binary nulls
}
struct Doubles {
  1: required list<double> values
  2: required binary nulls
}
struct Texts {
  1: required list<string> values
  2: required binary nulls
}
struct Binaries {
  1: required list<binary> values
  2: required binary nulls
}
union Column {
  1: Bools bools
  2: Bytes bytes
  3: Shorts shorts
  4: Ints ints
  5: Longs longs
  6: Doubles doubles
  7: Texts texts
  8: Binaries binaries
}
struct RowSet {
  3: optional list<Column> columns
}

struct FetchRequest {
  1: required Operation operation
  2: required i32 orientation // 0: the next ones.
  3: required i64 rows_max
}
struct FetchAnswer {
  1: required Status status
  3: optional RowSet rows
}

service HiveServer {
  OpenSessionAnswer OpenSession(1: OpenSessionRequest req)
  CloseSessionAnswer CloseSession(1: CloseSessionRequest req)
  ExecuteStatementAnswer ExecuteStatement(1: ExecuteStatementRequest req)
  OperationStatusAnswer GetOperationStatus(1: OperationRequest req)
  CloseOperationAnswer CancelOperation(1: OperationRequest req)
  CloseOperationAnswer CloseOperation(1: OperationRequest req)
  ResultSchemaAnswer GetResultSetMetadata(1: OperationRequest req)
  FetchAnswer FetchResults(1: FetchRequest req)
}
