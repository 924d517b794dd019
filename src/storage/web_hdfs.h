#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "http/client.h"
#include "storage/hdfs_options.h"

namespace qlake::storage {

// What HDFS answered to one operation.
struct HdfsAnswer {
  int status = 0;
  std::string body;
  std::string exception;  // HDFS's name of what is wrong, "FileNotFoundException"; empty: nothing is.
  std::string message;    // What it says about that.

  bool ok() const { return exception.empty(); }
};

// The operations of WebHDFS (the REST API of Hadoop) by absolute paths. It finds the active NameNode, waits while there
// is none, and goes to other DataNodes when one fails: an answer is HDFS's own, about the file. Throws Error{kIo} when
// no server answers for HdfsOptions::retry_for, Error{kInput} when they do not accept user, ticket, token or
// certificate.
// Thread-safe.
class WebHdfs {
 public:
  // `namenode`: of hdfs://NAMENODE/..., for when the options name no address. Throws Error{kInput} on a user with
  // Kerberos.
  WebHdfs(const std::string& namenode, HdfsOptions options);

  // `parameters`: "&name=value...", encoded. Asked again after an attempt without an answer, which may have been
  // carried out all the same: the answer is that to the last attempt.
  HdfsAnswer Get(std::string_view operation, const std::string& path, const std::string& parameters = "");
  HdfsAnswer Put(std::string_view operation, const std::string& path, const std::string& parameters = "");
  HdfsAnswer Delete(const std::string& path, const std::string& parameters = "");

  // Operations on contents, which a DataNode does. Create makes folders, too, and writes over what is there.
  HdfsAnswer Open(const std::string& path, const std::string& parameters = "");
  HdfsAnswer Create(const std::string& path, std::string_view bytes);
  // Never tried again once bytes may have arrived: then Error{kIo} says that the outcome is unknown.
  HdfsAnswer Append(const std::string& path, std::string_view bytes);

 private:
  class Attempts;
  struct Content {
    http::Method method;
    std::string_view operation;
    std::string_view bytes;
    bool may_repeat = true;
  };

  HdfsAnswer AskNameNode(http::Method method, std::string_view operation, const std::string& path,
                         const std::string& parameters);
  HdfsAnswer AskDataNode(const Content& content, const std::string& path, const std::string& parameters);
  // One attempt; nothing when it shall be tried again, `attempts` knows why.
  std::optional<http::Response> TryNameNode(http::Method method, std::string_view operation, const std::string& path,
                                            const std::string& parameters, Attempts& attempts);
  std::string UrlOf(size_t address, std::string_view operation, const std::string& path,
                    const std::string& parameters) const;

  HdfsOptions options_;
  std::string identity_;            // "&user.name=..." or "&delegation=..."; with Kerberos none.
  bool negotiates_ = false;         // By Kerberos, with NameNodes: DataNodes see the token that comes with a redirect.
  std::atomic<size_t> active_ = 0;  // Index of the address that answered last.
  // A call has given up since the last answer: others do not wait as long for the same again.
  std::atomic<bool> has_given_up_ = false;
  http::ClientPool clients_;
};

}  // namespace qlake::storage
