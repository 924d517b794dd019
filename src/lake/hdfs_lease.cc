#include "lake/hdfs_lease.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "storage/path.h"

namespace qlake::lake {
namespace {

constexpr const char* kFolder = "_qlake/lease";
constexpr std::chrono::milliseconds kPollMax{250};

// All of one length, so that the greatest name is the greatest number.
std::string PathOf(int64_t epoch) { return fmt::format("{}/{:020}", kFolder, epoch); }

int64_t EpochOf(const std::string& path) {
  std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
  int64_t epoch = 0;
  auto parsed = std::from_chars(name.data(), name.data() + name.size(), epoch);
  return parsed.ec == std::errc() && parsed.ptr == name.data() + name.size() ? epoch : 0;
}

std::string HostName() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

struct Said {
  bool is_held = true;
  std::string holder = "unknown";
  std::chrono::milliseconds expires_after{0};
};

// What is no lease of ours counts as one that is held and soon expires.
Said Parse(const std::string& text) {
  Said said;
  base::Json json = base::Json::parse(text, nullptr, false);
  if (!json.is_object()) return said;
  try {
    said.is_held = json.value("held", true);
    said.holder = json.value("holder", said.holder);
    said.expires_after = std::chrono::milliseconds(json.value("expires_after_ms", int64_t{0}));
  } catch (const base::Json::exception&) {
    return {};
  }
  return said;
}

}  // namespace

HdfsLease::HdfsLease(Lake& lake, const std::string& run_id, std::chrono::milliseconds wait)
    : storage_(lake.storage()),
      lake_(lake.options().root),
      holder_(fmt::format("host {} pid {} run {}", HostName(), ::getpid(), run_id)),
      duration_(lake.options().hdfs_lease) {
  auto poll = std::min(kPollMax, std::max(duration_ / 10, std::chrono::milliseconds(1)));
  auto deadline = Clock::now() + wait;
  Present seen;
  Clock::time_point seen_since = Clock::now();
  while (epoch_ == 0) {
    auto present = FindNewest();
    if (!present) {
      TryToBecome(LastEpochOf(lake) + 1);
      continue;
    }
    // 1. Whose it is, and whether it shows life.
    if (present->epoch != seen.epoch || present->text != seen.text) {
      seen = *present;
      seen_since = Clock::now();
    }
    Said said = Parse(present->text);
    bool has_expired = said.is_held && Clock::now() - seen_since >= std::max(said.expires_after, duration_);
    // 2. The next epoch is ours when nobody else was faster. A crash here leaves a lease that expires.
    if (!said.is_held || has_expired) {
      was_taken_over_ = has_expired;
      if (TryToBecome(present->epoch + 1)) break;
      continue;
    }
    if (Clock::now() >= deadline) {
      throw base::UnavailableError(
          "the lake {} is being written by another qlake ({}): wait for it; to take the lease of one that was killed, "
          "--lease-wait must be longer than {} ms",
          lake_, said.holder, said.expires_after.count());
    }
    std::this_thread::sleep_for(poll);
  }
  if (was_taken_over_) base::LogWarn("the lease of a holder that shows no life was taken over", {{"lake", lake_}});
  RemoveOlder();
  keeper_ = std::thread([this] { KeepAlive(); });
}

HdfsLease::~HdfsLease() {
  {
    std::lock_guard lock(mutex_);
    ends_ = true;
    changed_.notify_all();
  }
  keeper_.join();
  // Tables that were not fenced may still take what the holder before has under way: whoever comes next must fence.
  if (is_lost_ || renewal_failed_ || (was_taken_over_ && !is_fenced_)) return;
  try {
    storage_.Replace(PathOf(epoch_), Describe(/*is_held=*/false));
  } catch (const base::Error& error) {
    base::LogWarn("the lease could not be given back; it expires", {{"lake", lake_}, {"why", error.message()}});
  }
}

std::optional<HdfsLease::Present> HdfsLease::FindNewest() const {
  while (true) {
    auto files = storage_.List(kFolder);
    std::erase_if(files, [](const storage::Entry& file) { return EpochOf(file.path) == 0; });
    if (files.empty()) return std::nullopt;
    // Removed since it was listed: there is a newer one.
    if (auto text = storage_.ReadIfPresent(files.back().path)) return Present{EpochOf(files.back().path), *text};
  }
}

bool HdfsLease::TryToBecome(int64_t epoch) {
  renewed_at_ = Clock::now();
  if (!storage_.PutIfAbsent(PathOf(epoch), Describe(/*is_held=*/true))) return false;
  // A slow one may get a name that holders had and removed meanwhile; theirs, which is newer, was there before.
  if (auto newest = FindNewest(); newest && newest->epoch > epoch) {
    storage_.Remove(PathOf(epoch));
    return false;
  }
  epoch_ = epoch;
  return true;
}

void HdfsLease::RemoveOlder() const {
  for (const auto& file : storage_.List(kFolder)) {
    if (EpochOf(file.path) < epoch_) storage_.Remove(file.path);
  }
}

void HdfsLease::KeepAlive() {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, duration_ / 4, [&] { return ends_ || is_lost_; })) {
    try {
      Renew();
      renewal_failed_ = false;
    } catch (const std::exception& error) {
      renewal_failed_ = true;
      // It is tried again; when it was lost, or stays so, whoever commits next hears of it.
      base::LogWarn("the lease was not renewed", {{"lake", lake_}, {"why", error.what()}});
    }
  }
}

void HdfsLease::Renew() {
  auto now = Clock::now();
  auto newest = FindNewest();
  if (is_lost_ || !newest || newest->epoch != epoch_) {
    is_lost_ = true;
    throw base::UnavailableError(
        "the lease of the lake {} was taken over by another qlake ({}), because this one showed no life for {} ms: run "
        "the command again",
        lake_, newest ? Parse(newest->text).holder : "unknown", duration_.count());
  }
  ++renewals_;
  storage_.Replace(PathOf(epoch_), Describe(/*is_held=*/true));
  renewed_at_ = now;
}

void HdfsLease::RequireHeld() {
  std::lock_guard lock(mutex_);
  if (is_lost_ || Clock::now() - renewed_at_ > duration_ / 2) Renew();
}

int64_t HdfsLease::epoch() const {
  std::lock_guard lock(mutex_);
  return epoch_;
}

void HdfsLease::RaiseEpoch(int64_t epoch) {
  std::lock_guard lock(mutex_);
  if (epoch <= epoch_) return;
  Renew();
  if (!TryToBecome(epoch)) {
    throw base::UnavailableError("another qlake takes the lease of the lake {} over: run the command again", lake_);
  }
  RemoveOlder();
}

std::string HdfsLease::Describe(bool is_held) const {
  base::Json json = {
      {"holder", holder_}, {"held", is_held}, {"renewals", renewals_}, {"expires_after_ms", duration_.count()}};
  return json.dump();
}

}  // namespace qlake::lake
