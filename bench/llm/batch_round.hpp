#pragma once

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <memory>
#include <string>

#include <corchestra/llm/api_client.hpp>

#include "llm/nginx.hpp"
#include "support/temp_dir.hpp"

namespace corchestra::bench {

/// A folder of its own with a batch's input of so many lines, each the request `body`; gone with it.
class batch_folder {
 public:
  batch_folder(std::size_t lines, const std::string& body);

  std::filesystem::path input() const { return folder_.path() / "in.jsonl"; }
  std::filesystem::path output() const { return folder_.path() / "out.jsonl"; }

 private:
  tests::temp_dir folder_;
};

/// The client of the server, for 64 calls at a time.
std::shared_ptr<llm::api_client> api_of(boost::asio::io_context& io, const nginx& server);

/// The whole batch, from reading the input to the last result and the state on the disk. Files of an earlier one are
/// removed first.
void run_batch(boost::asio::io_context& io, std::shared_ptr<llm::api_client> client, const batch_folder& files,
               std::size_t lines, bool ordered);

}  // namespace corchestra::bench
