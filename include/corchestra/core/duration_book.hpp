#pragma once

#include <boost/container/flat_map.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include <corchestra/base/error.hpp>
#include <corchestra/base/json.hpp>
#include <corchestra/base/optional_duration.hpp>

namespace corchestra {

/// What tasks of a kind have taken so far: an exponentially weighted mean (alpha 0.3, the newest counts most) and
/// spread by task type, and by agent. A task is learnt under both.
class duration_book {
 public:
  struct entry {
    double mean_seconds = 0;
    double variance = 0;  ///< of seconds, exponentially weighted like the mean
    std::uint64_t samples = 0;
  };

  /// An empty name is not learnt under; a duration below zero counts as zero.
  void learn(std::string_view task_type, std::string_view agent, duration d);
  /// By type, else by agent; absent when nothing is known.
  optional_duration expected(std::string_view task_type, std::string_view agent) const;
  const entry* find(std::string_view task_type, std::string_view agent) const;
  /// Puts a kind's figures in place of what was known: of its type, or of its agent when it has none.
  void set(std::string_view task_type, std::string_view agent, const entry& e);
  bool empty() const noexcept { return types_.empty() && agents_.empty(); }

  /// `{"types": {"write": {"mean_seconds": 2.1, "variance": 0.2, "samples": 12}}, "agents": {...}}`
  json to_json_value() const;
  /// Error: `invalid_argument`, naming the place.
  static result<duration_book> from_json_value(const json& value);

 private:
  using entries = boost::container::flat_map<std::string, entry, std::less<>>;
  entries types_, agents_;
};

}  // namespace corchestra
