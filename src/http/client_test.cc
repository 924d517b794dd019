#include "http/client.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/error.h"

namespace qlake::http {
namespace {

namespace fs = std::filesystem;

// A server of Python's standard library. It answers with what it was asked; /secret wants user and password.
constexpr const char* kServer = R"(
import base64, http.server, os, ssl, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, body):
        status = 200
        if self.path == "/secret" and self.headers.get("Authorization") != "Basic " + base64.b64encode(b"ann:s3cret").decode():
            status = 401
        if self.path == "/missing": status = 404
        if self.path == "/slow": time.sleep(5)
        if self.path == "/large": body = b"x" * 100000
        if self.path == "/stalls": body = body + b"?"
        if self.path == "/moved": status = 307
        self.send_response(status)
        if status == 307: self.send_header("Location", "/elsewhere?a=1:2")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:-1] if self.path == "/stalls" else body)
        if self.path == "/stalls": time.sleep(5)
    def do_GET(self): self.answer(("GET " + self.path).encode())
    def do_DELETE(self): self.answer(("DELETE " + self.path).encode())
    def do_PUT(self): self.do_POST()
    def do_POST(self):
        sent = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer((self.command + " " + self.path + " " + self.headers["Content-Type"] + " ").encode() + sent)
    def log_message(self, *args): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
if sys.argv[1] == "https":
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("server.pem", "server.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
with open("port.tmp", "w") as file: file.write(str(server.server_port))
os.rename("port.tmp", "port")
server.serve_forever()
)";

class Server {
 public:
  explicit Server(const std::string& protocol) : protocol_(protocol) {
    char path[] = "/tmp/qlake_http_XXXXXX";
    folder_ = mkdtemp(path);
    std::ofstream(folder_ / "server.py") << kServer;
    if (protocol == "https") MakeCertificate();
    pid_ = fork();
    if (pid_ == 0) {
      if (chdir(folder_.c_str()) != 0) _exit(126);
      alarm(60);  // It ends even when this test does not end it.
      execlp("python3", "python3", "server.py", protocol.c_str(), nullptr);
      _exit(127);
    }
    for (int i = 0; i < 600 && !fs::exists(folder_ / "port"); ++i) usleep(50'000);
    std::ifstream(folder_ / "port") >> port_;
  }
  ~Server() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    fs::remove_all(folder_);
  }
  std::string At(const std::string& path) const { return protocol_ + "://127.0.0.1:" + port_ + path; }
  std::string certificate() const { return folder_ / "server.pem"; }

 private:
  void MakeCertificate() const {
    const std::string command = "cd " + folder_.string() +
                                " && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
                                " -subj /CN=test -addext subjectAltName=IP:127.0.0.1 -keyout server.key -out server.pem"
                                " 2>/dev/null";
    EXPECT_EQ(std::system(command.c_str()), 0);
  }

  std::string protocol_;
  fs::path folder_;
  std::string port_;
  pid_t pid_ = -1;
};

base::ErrorKind KindOfFailure(const ClientOptions& options, const std::string& url) {
  try {
    Client(options).Get(url);
  } catch (const base::Error& error) {
    EXPECT_NE(error.message().find(url), std::string::npos) << error.message();
    return error.kind();
  }
  ADD_FAILURE() << "no failure";
  return base::ErrorKind::kIo;
}

TEST(ClientTest, AnyStatusIsAResponse) {
  Server server("http");
  Client client({});
  EXPECT_EQ(client.Get(server.At("/a")).body, "GET /a");
  EXPECT_EQ(client.Get(server.At("/missing")).status, 404);
  EXPECT_EQ(client.Get(server.At("/missing")).reason, "Not Found");
  Response posted = client.Post(server.At("/b"), "text/x-test", "bytes");
  EXPECT_EQ(posted.status, 200);
  EXPECT_EQ(posted.body, "POST /b text/x-test bytes");
  EXPECT_EQ(client.Get(server.At("/a")).body, "GET /a") << "a POST leaves nothing behind";
}

TEST(ClientTest, EveryMethodArrivesWithItsBody) {
  Server server("http");
  Client client({});
  std::string large(3'000'000, 'x');
  EXPECT_EQ(client.Send({Method::kPut, server.At("/a"), "text/x-test", "bytes"}).body, "PUT /a text/x-test bytes");
  EXPECT_EQ(client.Send({Method::kPut, server.At("/a"), "t/t", ""}).body, "PUT /a t/t ");
  EXPECT_EQ(client.Send({Method::kPost, server.At("/a"), "t/t", large}).body.size(), large.size() + 12);
  EXPECT_EQ(client.Send({Method::kDelete, server.At("/a"), "", ""}).body, "DELETE /a");
  EXPECT_EQ(client.Get(server.At("/a")).body, "GET /a") << "nothing is left of the methods before";
}

TEST(ClientTest, ARedirectIsAResponseThatNamesItsAddress) {
  Server server("http");
  Response response = Client({}).Send({Method::kPut, server.At("/moved"), "t/t", ""});
  EXPECT_EQ(response.status, 307);
  EXPECT_EQ(response.headers.at("location"), "/elsewhere?a=1:2");
}

TEST(ClientTest, WithoutATicketNegotiationSaysWhatToDo) {
  Server server("http");
  setenv("KRB5CCNAME", "FILE:/no/such/tickets", 1);
  setenv("KRB5_CLIENT_KTNAME", "FILE:/no/such/keytab", 1);
  try {
    Client({}).Send({.url = server.At("/a"), .negotiates = true});
    FAIL() << "no failure";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), base::ErrorKind::kInput);
    EXPECT_NE(error.message().find("run kinit"), std::string::npos) << error.message();
  }
}

TEST(ClientTest, AnAnswerThatStopsInTheMiddleIsUnavailable) {
  Server server("http");
  EXPECT_EQ(KindOfFailure({.timeout = std::chrono::milliseconds(0), .stall_timeout = std::chrono::seconds(1)},
                          server.At("/stalls")),
            base::ErrorKind::kUnavailable);
}

TEST(ClientPoolTest, ManyThreadsAskAtOnce) {
  Server server("http");
  ClientPool pool({});
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int k = 0; k < 20; ++k) {
        std::string body = std::to_string(i * 100 + k);
        right += pool.Send({Method::kPut, server.At("/a"), "t/t", body}).body == "PUT /a t/t " + body;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(right, 160);
}

TEST(EncodeUrlTest, EveryByteThatIsNotPlainIsEscaped) {
  EXPECT_EQ(EncodeUrl("/a b/c=1/%41+ü?#;&", true), "/a%20b/c=1/%2541%2B%C3%BC%3F%23%3B%26");
  EXPECT_EQ(EncodeUrl("/a", false), "%2Fa");
}

TEST(ClientTest, UserAndPasswordAreSent) {
  Server server("http");
  EXPECT_EQ(Client({.username = "ann", .password = "s3cret"}).Get(server.At("/secret")).status, 200);
  EXPECT_EQ(Client({.username = "ann", .password = "wrong"}).Get(server.At("/secret")).status, 401);
  EXPECT_EQ(Client({}).Get(server.At("/secret")).status, 401);
}

TEST(ClientTest, WhatDoesNotAnswerOrAnswersTooMuchIsUnavailable) {
  Server server("http");
  EXPECT_EQ(KindOfFailure({.timeout = std::chrono::milliseconds(300)}, server.At("/slow")),
            base::ErrorKind::kUnavailable);
  EXPECT_EQ(KindOfFailure({.body_bytes_max = 1000}, server.At("/large")), base::ErrorKind::kUnavailable);
  EXPECT_EQ(KindOfFailure({}, "http://127.0.0.1:1/"), base::ErrorKind::kUnavailable);
}

TEST(ClientTest, OtherProtocolsAreRefused) {
  EXPECT_EQ(KindOfFailure({}, "file:///etc/passwd"), base::ErrorKind::kInput);
}

TEST(ClientTest, ACertificateCountsOnlyWhenATrustedAuthoritySignedIt) {
  Server server("https");
  EXPECT_EQ(Client({.ca_file = server.certificate()}).Get(server.At("/a")).body, "GET /a");
  EXPECT_EQ(KindOfFailure({}, server.At("/a")), base::ErrorKind::kInput);
  EXPECT_EQ(KindOfFailure({.ca_file = "/no/such/file.pem"}, server.At("/a")), base::ErrorKind::kInput);
}

}  // namespace
}  // namespace qlake::http
