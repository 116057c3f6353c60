#pragma once

#include <cstdint>
#include <map>
#include <string>

#include <corchestra/core/event.hpp>
#include <corchestra/llm/money.hpp>

namespace corchestra {

/// What a run's model calls cost, by model: a fold of its `model_call` events.
class cost_tally {
 public:
  void operator()(const event& e);
  /// `{usd, calls, unpriced_calls, models: {name: {usd, calls, unpriced_calls}}}`: `usd` is the exact decimal text,
  /// null when calls were made and none has a known cost. Null: no call was made.
  ordered_json to_json_value() const;

 private:
  struct entry {
    llm::money sum;
    std::int64_t calls = 0, unpriced = 0;
  };
  static ordered_json record(const entry& e);

  entry all_;
  std::map<std::string, entry> models_;
};

}  // namespace corchestra
