#pragma once

#include <memory>
#include <set>

#include <corchestra/batch/batch_job.hpp>
#include <corchestra/testing/virtual_time.hpp>

#include "batch/batch_files.hpp"
#include "batch/prices.hpp"
#include "batch/scripted_api.hpp"
#include "support/temp_dir.hpp"

namespace corchestra::tests {

/// A batch of chats in a folder of its own, against a scripted endpoint under virtual time.
struct batch_fixture {
  temp_dir dir;
  testing::virtual_time_context time;
  std::shared_ptr<scripted_api> api = std::make_shared<scripted_api>();
  batch::batch_options options;

  explicit batch_fixture(int lines = 10, int max_tokens = 10) {
    options.input = dir.write("in.jsonl", chat_lines(lines, max_tokens));
    options.output = dir.path() / "out.jsonl";
    options.endpoint = "http://h/v1";
    options.concurrency = 4;
  }

  result<batch::batch_job> open() const { return batch::batch_job::open(options); }
  /// The message of a batch that does not open.
  std::string refusal() const {
    const auto job = open();
    return job.has_error() ? job.error().message : "none";
  }
  batch::batch_result run() { return run(open().value()); }
  batch::batch_result run(batch::batch_job job) { return time.run(job.run(api)).value(); }

  std::vector<json> lines(std::string_view name = "out.jsonl") const {
    std::vector<json> found;
    const std::string text = dir.read(name);
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = text.find('\n', at);
      found.push_back(json::parse(text.substr(at, end - at)));
      at = end + 1;
    }
    return found;
  }
  std::vector<std::string> ids(std::string_view name = "out.jsonl") const {
    std::vector<std::string> found;
    for (const json& line : lines(name)) found.push_back(line.at("custom_id"));
    return found;
  }
  /// Whether every one of the first `count` requests has one answer, its own.
  bool all_answered_once(std::size_t count) const {
    const auto found = lines();
    std::set<std::string> seen;
    for (const json& line : found) {
      const auto& id = line.at("custom_id");
      if (!seen.insert(id).second || line.at("response").at("body").at("answer") != id) return false;
    }
    for (std::size_t i = 0; i < count; ++i)
      if (!seen.contains("r" + std::to_string(i))) return false;
    return found.size() == count;
  }
};

inline std::vector<std::string> first_ids(std::size_t count) {
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < count; ++i) ids.push_back("r" + std::to_string(i));
  return ids;
}

}  // namespace corchestra::tests
