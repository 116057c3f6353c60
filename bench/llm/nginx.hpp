#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "llm/child.hpp"
#include "llm/two_cores.hpp"
#include "support/temp_dir.hpp"

namespace corchestra::bench {

/// An nginx of the bench's own that answers each POST with the same reply, an example's if none is given. Skips the row
/// where nginx is not installed.
class nginx {
 public:
  explicit nginx(const two_cores& cores);
  nginx(const two_cores& cores, const std::string& reply);
  nginx(const nginx&) = delete;
  nginx& operator=(const nginx&) = delete;

  std::uint16_t port() const noexcept { return port_; }
  std::string base_url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/v1"; }
  const std::filesystem::path& folder() const noexcept { return folder_.path(); }

 private:
  tests::temp_dir folder_;
  std::uint16_t port_ = 0;
  std::unique_ptr<child> process_;  // goes before its folder
};

}  // namespace corchestra::bench
