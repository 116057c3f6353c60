#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include <corchestra/base/error.hpp>
#include <corchestra/batch/request_options.hpp>
#include <corchestra/llm/money.hpp>
#include <corchestra/llm/price_table.hpp>

namespace corchestra::batch {

/// What the requests to one model come to.
struct model_share {
  std::uint64_t requests = 0;
  std::uint64_t bytes = 0;      ///< of their bodies
  std::int64_t max_tokens = 0;  ///< of all answers that are bounded, together
  std::uint64_t unbounded = 0;  ///< requests for text whose answers have no bound
  llm::money bound;             ///< the most that those with a price and a bound can cost
  friend bool operator==(const model_share&, const model_share&) = default;
};

/// A batch's input, read once from end to end.
struct batch_input {
  std::uint64_t requests = 0;
  std::string xxh128;  ///< of the file, as `xxhsum -H128` writes it
  std::string path;    ///< that all requests go to, below the base URL
  std::map<std::string, model_share> models;
};

/// What a batch is expected to cost, and the most it can.
struct cost_estimate {
  llm::money likely;  ///< a token has four bytes; answers are half as long as they may be, 500 tokens without a bound
  std::optional<llm::money> most;  ///< absent: answers have no bound
  std::uint64_t unpriced = 0;      ///< requests to models without a known price, which are in neither sum
};

/// Reads and checks the whole file in constant memory: every line's form, ids that occur twice, lines for another URL.
/// With `bounded` every request for text has to say `max_tokens`. Errors name file and line; further lines with errors
/// are counted.
result<batch_input> check_input(const std::filesystem::path& file, const request_options& options,
                                const llm::price_table* prices = nullptr, bool bounded = false);

cost_estimate estimate(const batch_input& input, const llm::price_table& prices);

}  // namespace corchestra::batch
